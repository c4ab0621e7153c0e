//! Creates metrics and registers them.

use prometheus::{
    Error, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    core::Collector, exponential_buckets,
};

/// Exponential buckets: the first upper bound, the factor, and the number of buckets.
type Buckets = (f64, f64, usize);

/// Registers metrics. Two metrics with the same name are an error.
#[derive(Debug, Default)]
pub(super) struct Registrar(pub(super) Registry);

impl Registrar {
    pub(super) fn counter(&self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.register(IntCounter::new(name, help)?)
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.register(IntGauge::new(name, help)?)
    }

    /// Creates a counter for each combination of labels.
    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, Error> {
        self.register(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: Buckets) -> Result<Histogram, Error> {
        self.register(Histogram::with_opts(options(name, help, buckets)?)?)
    }

    /// Creates a histogram for each combination of labels.
    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: Buckets,
    ) -> Result<HistogramVec, Error> {
        self.register(HistogramVec::new(options(name, help, buckets)?, labels)?)
    }

    fn register<M: Collector + Clone + 'static>(&self, metric: M) -> Result<M, Error> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

fn options(name: &str, help: &str, (start, factor, count): Buckets) -> Result<HistogramOpts, Error> {
    Ok(HistogramOpts::new(name, help).buckets(exponential_buckets(start, factor, count)?))
}
