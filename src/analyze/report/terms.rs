//! The questions, and the definitions of the numbers that answer them: `docs/statistics.md` in short.

/// A question and the numbers of its answer.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The question.
    pub question: &'static str,
    /// Name and definition of each number.
    pub definitions: &'static [(&'static str, &'static str)],
}

/// What is used throughout the page.
pub const GLOSSARY: &[(&str, &str)] = &[
    ("size", "Width of the layer: its number of neurons, U."),
    (
        "replicate",
        "A network of the same size, trained with other initial weights and another order of the training data.",
    ),
    (
        "[low, high]",
        "95 % interval: mean over the R replicates ± t·s/√R, t Student's quantile with R - 1 degrees of freedom, s their \
         standard deviation (divided by R - 1), cut to what is possible. It is about networks trained anew on the same data.",
    ),
    (
        "cannot be told apart",
        "The 95 % interval of the mean difference, replicate by replicate, holds 0. With few replicates that is weak evidence \
         of being equal, and it is not corrected for the number of sizes compared.",
    ),
    ("activation", "A neuron's value on one sample, after the activation function unless said otherwise."),
    ("N", "Number of recorded samples."),
];

const DEAD_NEURON: (&str, &str) =
    ("n_dead", "Neurons that are constant over all N samples (smallest value = largest).");

/// The standard deviations.
pub const SPREAD: Terms = Terms {
    question: "What does the distribution of the standard deviations look like by width?",
    definitions: &[
        (
            "standard deviation of a neuron",
            "√(Σ (x - mean)² / N) over its N activations x: how much it varies over the data.",
        ),
        ("mean_std", "Mean of the standard deviations over the neurons of a network, dead ones included."),
        (
            "std_quantiles",
            "Quantiles of the standard deviations over the neurons, linear between order statistics (Hyndman and Fan 1996, type 7).",
        ),
        (
            "density",
            "Gaussian kernel estimate Σ φ((x - xᵢ)/h) / (n h), h = s·n^(-1/5) (Scott 1992); not corrected at 0.",
        ),
        ("bars", "Histogram with area 1, bars 2·IQR/n^(1/3) wide (Freedman and Diaconis 1981)."),
        DEAD_NEURON,
    ],
};

/// Shapiro-Wilk.
pub const NORMALITY: Terms = Terms {
    question: "At which width is the distribution most normal, and how sure is that?",
    definitions: &[
        ("n", "Standard deviations tested: those of the neurons that are not dead."),
        (
            "w",
            "Shapiro-Wilk's W = (Σ aᵢ x₍ᵢ₎)² / Σ (xᵢ - x̄)², x₍ᵢ₎ the sorted standard deviations, aᵢ Royston's weights (1995); at most 1, and 1 is normal.",
        ),
        (
            "p",
            "Probability of a W as small in a normal sample of n values. A test over neurons of one network takes them as independent.",
        ),
        ("p_method", "How p was computed: Royston's approximation within its range, simulated beyond."),
        ("w_with_dead", "W with the zeros of the dead neurons in the sample: the journal's stand-alone curve."),
        (
            "anderson_darling, jarque_bera",
            "Two more tests of the same sample: of the distribution function, and of skewness and kurtosis; small p speaks against a normal distribution.",
        ),
    ],
};

/// Mixtures.
pub const MIXTURE: Terms = Terms {
    question: "Are there two populations of neurons, and how large is the one near zero?",
    definitions: &[
        (
            "weight",
            "Share of the component with the smaller mean among the n neurons that are not dead, by maximum likelihood (expectation maximisation from several starts).",
        ),
        (
            "weight_interval",
            "95 % bootstrap interval of the weight within one network; computed where a size has one network only.",
        ),
        ("n_zero", "Dead neurons: a point mass at 0 beside the mixture."),
        ("exp_normal", "Mixture of an exponential and a normal distribution."),
        ("two_gamma", "Mixture of two gamma distributions."),
        ("bic", "Bayesian information criterion, k ln n - 2 ln L (Schwarz 1978), k parameters, L the likelihood."),
        (
            "delta_bic",
            "BIC less the smallest BIC of exponential, normal, gamma and log-normal alone; -10 and less is very strong evidence for two components (Kass and Raftery 1995).",
        ),
        (
            "ks",
            "Kolmogorov-Smirnov's D: largest distance of the empirical from the fitted distribution function; ks_p by bootstrap.",
        ),
        ("lrt_p", "Bootstrap p of the likelihood-ratio test of two components against one."),
        (
            "status",
            "ok; degenerate: a component has collapsed onto few values; not_identified: the components cannot be told apart.",
        ),
    ],
};

/// Dead neurons.
pub const DEAD: Terms = Terms {
    question: "How many neurons are dead?",
    definitions: &[
        DEAD_NEURON,
        ("n_never_active", "Neurons without a value above 0."),
        (
            "dormant at tau",
            "Neurons whose mean absolute activation is at most tau times the layer's mean of it (Sokar et al. 2023).",
        ),
        ("dead_fraction", "n_dead divided by the number of neurons."),
        (
            "dead_fraction_interval",
            "95 % Clopper-Pearson interval of the share, neurons taken as independent: a lower bound of the uncertainty.",
        ),
        (
            "firing_rate_upper",
            "1 - 0.05^(1/N): the largest rate at which a neuron that was silent in N samples could still fire (95 %).",
        ),
        (
            "AIC",
            "n ln(RSS/n) + 2k of a least-squares fit with residual sum of squares RSS and k parameters (Akaike 1974); smaller is better.",
        ),
    ],
};

/// Spectra.
pub const PCA: Terms = Terms {
    question: "How many dimensions does the layer fill?",
    definitions: &[
        (
            "eigenvalues",
            "λ₁ ≥ λ₂ ≥ .. of the covariance of the neurons over the samples (divisor N - 1), before the activation function \
             where it was recorded.",
        ),
        ("components_for", "Smallest number of components whose eigenvalues sum to that share of the total."),
        ("numerical_rank", "Eigenvalues that are more than rounding."),
        ("effective_rank", "exp(-Σ pᵢ ln pᵢ), pᵢ = λᵢ / Σ λ (Roy and Vetterli 2007)."),
        ("participation_ratio", "(Σ λ)² / Σ λ²; participation_ratio_corrected takes out the bias of N samples."),
        ("stable_rank", "Σ λ / λ₁."),
        ("saturation", "Components that hold 99 % of the variance, divided by the number of neurons."),
        (
            "mp_edge, n_above_mp_edge",
            "Upper edge of the eigenvalues of pure noise (Marchenko and Pastur 1967), and how many lie above it.",
        ),
        (
            "distance",
            "Mean squared Euclidean distance of a sample from its projection on the first k components, (N - 1)/N · Σ λᵢ over i > k.",
        ),
        ("accuracy of the reconstruction", "correct / N when the projection is fed through the rest of the network."),
    ],
};

/// Sums.
pub const GROWTH: Terms = Terms {
    question: "Does the sum of the standard deviations (or variances) grow logarithmically?",
    definitions: &[
        (
            "sum_std",
            "Sum over the neurons of a network of their standard deviations; the journal's \"sum of variance\" is this over 11 networks.",
        ),
        ("sum_variance", "Sum over the neurons of their variances."),
        (
            "constant, line, logarithm",
            "Least squares through all networks of y = a, y = a + b·size, y = a + b·log₂ size.",
        ),
        (
            "AIC",
            "n ln(RSS/n) + 2k, n networks, k parameters (Akaike 1974); smaller is better, differences below 4 decide little.",
        ),
        (
            "lack of fit p",
            "F test of the shape's misfit at the sizes' means against the scatter of the replicates (Draper and Smith 1998): small values reject the shape, also the best one.",
        ),
    ],
};

/// Accuracy.
pub const ACCURACY: Terms = Terms {
    question: "How does accuracy change with the width?",
    definitions: &[
        ("train_accuracy, test_accuracy", "correct / n over the whole training and test set after the epoch."),
        ("train_loss, test_loss", "Mean cross-entropy, Σ -ln(probability of the right class) / n, over the same sets."),
    ],
};

/// Everything beside each other.
pub const COMPARISON: Terms = Terms {
    question: "Do the measures of the layer agree with each other and with accuracy?",
    definitions: &[
        (
            "share",
            "Weight of the component near zero in the mixture of two gammas, and of an exponential and a normal.",
        ),
        ("W without zeros", "Shapiro-Wilk's W of the neurons that are not dead."),
        (
            "rescaled accuracy",
            "(accuracy - worst size's mean) / (best size's mean - worst size's mean); of the training data, as in the journal.",
        ),
        ("0.025", "The share that the journal took for the sign of an oversized layer (its legend says p = 0.05)."),
        ("peak", "The size with the largest mean over replicates."),
        (
            "rank correlation",
            "Spearman's rho (1904): correlation of the ranks of the sizes' means, mean ranks for ties.",
        ),
        DEAD_NEURON,
    ],
};
