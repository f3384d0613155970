//! Emissions on their way to a broker.
