//! As much of MQTT 3.1.1 as a load client needs, written here so that what measures the broker shares no code with it.

/// First byte of a PUBACK.
pub const PUBACK: u8 = 0x40;
/// First byte of a CONNACK.
pub const CONNACK: u8 = 0x20;
/// First byte of a SUBACK.
pub const SUBACK: u8 = 0x90;
/// Upper half of the first byte of a PUBLISH.
pub const PUBLISH: u8 = 0x30;

/// A whole packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// The first byte: kind and flags.
    pub head: u8,
    /// Everything behind the length.
    pub body: &'a [u8],
}

impl<'a> Packet<'a> {
    /// The packet identifier that an acknowledgement begins with.
    pub fn id(&self) -> u16 {
        u16::from_be_bytes([self.body[0], self.body[1]])
    }

    /// Topic, packet identifier (0 for QoS 0) and payload of a PUBLISH; `None`: it is something else.
    pub fn published(&self) -> Option<(&'a str, u16, &'a [u8])> {
        if self.head & 0xf0 != PUBLISH {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([self.body[0], self.body[1]]));
        let topic = std::str::from_utf8(&self.body[2..2 + length]).ok()?;
        let rest = &self.body[2 + length..];
        if self.head & 0x06 == 0 {
            return Some((topic, 0, rest));
        }
        Some((topic, u16::from_be_bytes([rest[0], rest[1]]), &rest[2..]))
    }
}

/// The first whole packet of a buffer, and how long it is; `None`: it is not all there yet.
pub fn next(buffer: &[u8]) -> Option<(Packet<'_>, usize)> {
    let head = *buffer.first()?;
    let mut length = 0;
    for (at, byte) in buffer.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let begins = at + 2;
            let body = buffer.get(begins..begins + length)?;
            return Some((Packet { head, body }, begins + length));
        }
    }
    None
}

fn length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let byte = u8::try_from(length % 128).unwrap_or_default();
        length /= 128;
        out.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            return;
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(u16::try_from(text.len()).expect("texts are short").to_be_bytes());
    out.extend(text.as_bytes());
}

/// Writes a CONNECT of a clean session without keep-alive.
pub fn connect(out: &mut Vec<u8>, client_id: &str, login: Option<(&str, &str)>) {
    let mut body = Vec::with_capacity(64);
    text(&mut body, "MQTT");
    body.extend([4, if login.is_some() { 0xc2 } else { 0x02 }, 0, 0]);
    text(&mut body, client_id);
    if let Some((username, password)) = login {
        text(&mut body, username);
        text(&mut body, password);
    }
    out.push(0x10);
    length(out, body.len());
    out.extend(body);
}

/// Writes a PUBLISH; `packet_id` 0 is one with QoS 0, any other one with QoS 1.
pub fn publish(out: &mut Vec<u8>, topic: &str, packet_id: u16, payload: &[u8]) {
    let with_id = packet_id != 0;
    out.push(PUBLISH | if with_id { 0x02 } else { 0 });
    length(out, 2 + topic.len() + if with_id { 2 } else { 0 } + payload.len());
    text(out, topic);
    if with_id {
        out.extend(packet_id.to_be_bytes());
    }
    out.extend(payload);
}

/// Writes a SUBSCRIBE.
pub fn subscribe(out: &mut Vec<u8>, packet_id: u16, filter: &str, qos: u8) {
    out.push(0x82);
    length(out, 2 + 2 + filter.len() + 1);
    out.extend(packet_id.to_be_bytes());
    text(out, filter);
    out.push(qos);
}

/// Writes a PUBACK.
pub fn puback(out: &mut Vec<u8>, packet_id: u16) {
    out.extend([PUBACK, 2]);
    out.extend(packet_id.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        publish(&mut bytes, "a/b", 7, &[1; 300]);
        publish(&mut bytes, "c", 0, b"x");
        puback(&mut bytes, 9);
        let (first, used) = next(&bytes).expect("whole");
        assert_eq!(first.published(), Some(("a/b", 7, &[1_u8; 300][..])));
        assert!(next(&bytes[..used - 1]).is_none());
        let (second, more) = next(&bytes[used..]).expect("whole");
        assert_eq!(second.published(), Some(("c", 0, &b"x"[..])));
        let (third, _) = next(&bytes[used + more..]).expect("whole");
        assert_eq!((third.head, third.id()), (PUBACK, 9));
    }
}
