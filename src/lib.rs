//! Layerscope.
