//! A cursor over one packet that never reads past its end.

use super::Fault;

/// A cursor over one packet.
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Reader { data, at: 0 }
    }

    /// How far it has read.
    pub fn position(&self) -> usize {
        self.at
    }

    pub fn is_empty(&self) -> bool {
        self.at >= self.data.len()
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.saturating_add(length);
        let taken = self.data.get(self.at..end).ok_or(Fault::malformed("packet shorter than its fields"))?;
        self.at = end;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    pub fn two(&mut self) -> Result<u16, Fault> {
        let taken = self.take(2)?;
        Ok(u16::from_be_bytes([taken[0], taken[1]]))
    }

    pub fn four(&mut self) -> Result<u32, Fault> {
        let taken = self.take(4)?;
        Ok(u32::from_be_bytes([taken[0], taken[1], taken[2], taken[3]]))
    }

    /// A variable byte integer.
    pub fn variable(&mut self) -> Result<u32, Fault> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::malformed("variable byte integer longer than four bytes"))
    }

    /// Bytes with a two-byte length before them.
    pub fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.two()?;
        self.take(usize::from(length))
    }

    /// Text with a two-byte length before it.
    pub fn text(&mut self) -> Result<&'a str, Fault> {
        text(self.binary()?)
    }

    /// A packet identifier, which is never 0.
    pub fn packet_id(&mut self) -> Result<u16, Fault> {
        match self.two()? {
            0 => Err(Fault::protocol("packet identifier 0")),
            id => Ok(id),
        }
    }

    /// Nothing may follow.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.is_empty() { Ok(()) } else { Err(Fault::malformed("packet longer than its fields")) }
    }
}

/// UTF-8 as the standard wants it: well formed and without the null character.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::malformed("text is not UTF-8"))?;
    if bytes.contains(&0) {
        return Err(Fault::malformed("text with a null character"));
    }
    Ok(text)
}
