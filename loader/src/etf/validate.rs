//! A builder that builds nothing: shows that bytes decode, without memory for the term.

use super::{Decoder, EtfCause, EtfErrorKind, FunParts, RecordParts, TermBuilder};

struct Validator;

type Valid = Result<(), std::convert::Infallible>;

impl TermBuilder for Validator {
    type Term = ();
    type Error = std::convert::Infallible;

    fn small_int(&mut self, _: i64) -> Valid {
        Ok(())
    }
    fn big_int(&mut self, _: bool, _: &[u8]) -> Valid {
        Ok(())
    }
    fn float(&mut self, _: f64) -> Valid {
        Ok(())
    }
    fn atom(&mut self, _: &str) -> Valid {
        Ok(())
    }
    fn nil(&mut self) -> Valid {
        Ok(())
    }
    fn list(&mut self, _: &[()], _: ()) -> Valid {
        Ok(())
    }
    fn byte_list(&mut self, _: &[u8]) -> Valid {
        Ok(())
    }
    fn tuple(&mut self, _: &[()]) -> Valid {
        Ok(())
    }
    fn map(&mut self, _: &[()]) -> Valid {
        Ok(())
    }
    fn binary(&mut self, _: &[u8]) -> Valid {
        Ok(())
    }
    fn bitstring(&mut self, _: &[u8], _: u8) -> Valid {
        Ok(())
    }
    fn pid(&mut self, _: (), _: u32, _: u32, _: u32) -> Valid {
        Ok(())
    }
    fn port(&mut self, _: (), _: u64, _: u32) -> Valid {
        Ok(())
    }
    fn reference(&mut self, _: (), _: u32, _: &[u32]) -> Valid {
        Ok(())
    }
    fn fun(&mut self, _: FunParts<'_, ()>) -> Valid {
        Ok(())
    }
    fn export(&mut self, _: (), _: (), _: u8) -> Valid {
        Ok(())
    }
    fn native_record(&mut self, _: RecordParts<'_, ()>) -> Valid {
        Ok(())
    }
}

/// Checks that the bytes are one term in external format (version byte included) and nothing more.
///
/// The error is the offset and what is wrong there.
pub fn validate(bytes: &[u8]) -> Result<(), (usize, EtfErrorKind)> {
    let mut decoder = Decoder::new();
    decoder.run_to_end(bytes, &mut Validator).map_err(|error| match error.cause {
        EtfCause::Format(kind) => (error.offset, kind),
        EtfCause::Builder(never) => match never {},
    })?;
    match bytes.len() - decoder.used() {
        0 => Ok(()),
        left => Err((decoder.used(), EtfErrorKind::TrailingBytes(left))),
    }
}
