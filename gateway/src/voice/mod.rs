//! Who says what has become true: each is a [`Voice`](crate::pipeline::Voice) of the pipeline.

mod mqtt;
mod web;

pub use mqtt::MqttVoice;
pub use web::WebVoice;
