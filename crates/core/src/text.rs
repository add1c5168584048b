//! How wide integers and bytes are written in formats that people read: as text.
//!
//! JSON has no integer beyond 64 bits that every reader keeps, and an array of numbers for bytes
//! is long. Formats that nobody reads keep the plain values. Knows nothing of what is written.

/// Signed 128-bit integers: decimal digits.
pub(crate) mod wide {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(value: &i128, sink: S) -> Result<S::Ok, S::Error> {
        if sink.is_human_readable() { sink.collect_str(value) } else { value.serialize(sink) }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<i128, D::Error> {
        if !source.is_human_readable() {
            return i128::deserialize(source);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(source)?;
        text.parse().map_err(|_| D::Error::custom(format!("{text:?} is not a whole number")))
    }
}

/// Bytes: two hexadecimal digits each.
pub(crate) mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], sink: S) -> Result<S::Ok, S::Error> {
        if !sink.is_human_readable() {
            return bytes.serialize(sink);
        }
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            text.push(digit(byte >> 4));
            text.push(digit(*byte));
        }
        sink.serialize_str(&text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<u8>, D::Error> {
        if !source.is_human_readable() {
            return Vec::deserialize(source);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(source)?;
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(byte)
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("bytes in hexadecimal"))
    }

    fn byte(pair: &[u8]) -> Option<u8> {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        u8::try_from(digit(0)? << 4 | digit(1)?).ok()
    }
}
