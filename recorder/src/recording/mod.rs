//! Recordings of activations: the Parquet file, its companions, and how both are written and read.
//!
//! A recording holds one row per (model, dataset, split, size, replicate, epoch, layer, sample) with the layer's values
//! before (`pre`) and after (`post`) the activation function. `docs/format.md` is the contract for users; [`schema`] is
//! the only place that names columns.
//!
//! - [`Writer`] takes [`Chunk`]s and is the only way to a valid file: nothing appears under the final name before
//!   [`Writer::finish`].
//! - [`Recording`] opens our own recordings and foreign ones (any list type and float width, one file or a folder) and
//!   streams one [`Unit`] at a time in bounded memory.
//! - [`Companions`] names the files beside a recording: weights ([`weights`]), history ([`history`]) and manifest
//!   ([`manifest`]).
//! - [`verify`] checks every digest and every page.
//!
//! What is not here: training (it hands chunks over) and statistics (they get matrices).

mod companions;
pub mod digest;
mod error;
pub mod history;
pub mod manifest;
mod output;
mod page;
mod reader;
mod row_group;
pub mod schema;
mod seal;
mod unit;
pub mod verify;
pub mod weights;
mod writer;

pub use companions::{Companions, NEURONS_SUFFIX};
pub use error::{Place, RecordingError};
pub use manifest::Manifest;
pub use reader::{Checks, ReadChunk, ReadStatistics, Recording, Unit};
pub use unit::{Stage, UnitKey};
pub use writer::{Chunk, Writer, WriterOptions, Written, estimated_bytes};
