//! The pass over the values: likelihood, responsibilities and their sums, for any two components whose log-densities are
//! linear in the same two functions of the value.

/// Number of values whose sums are formed apart, so that rounding does not grow with the number of values.
const BLOCK: usize = 256;

/// Values as their two functions u and v: (x, ln x) for gammas, (x - mean, (x - mean)²) for exponential and normal.
#[derive(Clone, Debug)]
pub(super) struct Points {
    u: Vec<f64>,
    v: Vec<f64>,
}

/// ln(weight f) = constant + of_u u + of_v v, up to a term that both components share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub constant: f64,
    pub of_u: f64,
    pub of_v: f64,
}

/// Sums of (1, u, v).
pub(super) type Sums = [f64; 3];

/// What one pass gives; t is the responsibility of the first component.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pass {
    /// Σ ln f, without the shared term.
    pub log_likelihood: f64,
    /// Σ t (1, u, v)
    pub first: Sums,
    /// Σ (1 - t) (1, u, v)
    pub second: Sums,
    /// Σ t (1 - t) (1, u, v)ᵀ(1, u, v)
    pub spread: [[f64; 3]; 3],
}

impl Points {
    pub fn new(u: Vec<f64>, v: Vec<f64>) -> Self {
        Self { u, v }
    }

    pub fn n(&self) -> usize {
        self.u.len()
    }

    /// Σ (1, u, v) over the points from `first` up to, not including, `end`.
    pub fn sums(&self, first: usize, end: usize) -> Sums {
        [(end - first) as f64, self.u[first..end].iter().sum(), self.v[first..end].iter().sum()]
    }

    /// `n` points that stand for all, of which there are at least as many: means of neighbours, equally many in each.
    ///
    /// Log-densities are linear in u and v, so a group whose members have nearly one responsibility contributes what its
    /// members would.
    pub fn coarse(&self, n: usize) -> Self {
        let mean = |values: &[f64], k: usize| {
            let (first, end) = (k * values.len() / n, (k + 1) * values.len() / n);
            values[first..end].iter().sum::<f64>() / (end - first) as f64
        };
        let (u, v) = (0..n).map(|k| (mean(&self.u, k), mean(&self.v, k))).unzip();
        Self { u, v }
    }

    /// Likelihood and sums for two components.
    pub fn pass(&self, [first, second]: [Line; 2]) -> Pass {
        let mut all = Pass::default();
        for (u, v) in self.u.chunks(BLOCK).zip(self.v.chunks(BLOCK)) {
            all.add(&block(u, v, first, second));
        }
        all
    }
}

/// ln of the ratio of the components' densities.
fn ratio(first: Line, second: Line, u: f64, v: f64) -> f64 {
    (first.constant - second.constant) + (first.of_u - second.of_u) * u + (first.of_v - second.of_v) * v
}

fn block(u: &[f64], v: &[f64], first: Line, second: Line) -> Pass {
    let mut sums = Pass::default();
    // The product of up to 256 numbers between 1 and 2 is below 2^256: one logarithm instead of 256.
    let mut product = 1.0;
    let (mut s1, mut su, mut sv) = (0.0, 0.0, 0.0);
    let (mut t1, mut tu, mut tv) = (0.0, 0.0, 0.0);
    let (mut q, mut qu, mut qv, mut quu, mut quv, mut qvv) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let mut likely = 0.0;
    for (&u, &v) in u.iter().zip(v) {
        let ratio = ratio(first, second, u, v);
        let small = (-ratio.abs()).exp();
        let inverse = 1.0 / (1.0 + small);
        let (line, t) = if ratio > 0.0 { (first, inverse) } else { (second, small * inverse) };
        likely += line.constant + line.of_u * u + line.of_v * v;
        product *= 1.0 + small;
        let other = if ratio > 0.0 { small * inverse } else { inverse };
        s1 += t;
        su += t * u;
        sv += t * v;
        t1 += other;
        tu += other * u;
        tv += other * v;
        let both = small * inverse * inverse;
        q += both;
        qu += both * u;
        qv += both * v;
        quu += both * u * u;
        quv += both * u * v;
        qvv += both * v * v;
    }
    sums.log_likelihood = likely + f64::ln(product);
    sums.first = [s1, su, sv];
    sums.second = [t1, tu, tv];
    sums.spread = [[q, qu, qv], [qu, quu, quv], [qv, quv, qvv]];
    sums
}

impl Pass {
    fn add(&mut self, other: &Self) {
        self.log_likelihood += other.log_likelihood;
        for k in 0..3 {
            self.first[k] += other.first[k];
            self.second[k] += other.second[k];
            for l in 0..3 {
                self.spread[k][l] += other.spread[k][l];
            }
        }
    }

    /// Number of values.
    pub fn n(&self) -> f64 {
        self.first[0] + self.second[0]
    }
}
