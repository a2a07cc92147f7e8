//! Names of services, as the system knows them.
//!
//! Invariant: a request that ends early, and a name that is none, is `einval` before anything is asked.

use std::ffi::CString;

use girder_vm::sys::socket::resolve;

use super::{Answer, EINVAL, Refused};

/// A length of one byte, and a string.
fn string(data: &mut &[u8]) -> Result<CString, Refused> {
    let n = data.split_off_first().ok_or(EINVAL)?;
    let bytes = data.split_off(..usize::from(*n)).ok_or(EINVAL)?;
    CString::new(bytes).map_err(|_| EINVAL)
}

/// `[L1, Name, L2, Protocol]`: the port.
pub(super) fn by_name(mut data: &[u8]) -> Answer {
    let (name, protocol) = (string(&mut data)?, string(&mut data)?);
    resolve::service_port(&name, Some(&protocol)).map(|port| port.to_be_bytes().to_vec()).ok_or(EINVAL)
}

/// `[P1, P0, L, Protocol]`: the name.
pub(super) fn by_port(data: &[u8]) -> Answer {
    let (port, mut rest) = data.split_first_chunk().ok_or(EINVAL)?;
    let (port, protocol) = (u16::from_be_bytes(*port), string(&mut rest)?);
    resolve::service_name(port, Some(&protocol)).ok_or(EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let (name, port) = (b"\x04http\x03tcp", [0, 80]);
        // The table of services may be missing.
        assert!([Ok(port.to_vec()), Err(EINVAL)].contains(&by_name(name)));
        assert!([Ok(b"http".to_vec()), Err(EINVAL)].contains(&by_port(b"\0\x50\x03tcp")));
        for wrong in [&b"\x04ht"[..], b"", b"\x01\0\x03tcp", b"\x09no such 1\x03tcp"] {
            assert_eq!(by_name(wrong), Err(EINVAL));
        }
        assert_eq!(by_port(&[0]), Err(EINVAL));
    }
}
