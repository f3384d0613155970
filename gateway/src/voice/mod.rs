//! What has become true, said over MQTT. Other ways of saying it stand beside it: each is a
//! [`Voice`](crate::pipeline::Voice) of the pipeline.

mod mqtt;

pub use mqtt::{Describe, MqttVoice};
