//! The external term format: every tag, printed; broken terms; suspending.

use crate::etf::{Decoder, EtfCause, EtfErrorKind, Printer, Progress, print_term, validate};

fn term(bytes: &[u8]) -> Vec<u8> {
    [&[131], bytes].concat()
}

const NODE: &[u8] = b"\x77\x03a@b";

#[test]
fn every_tag() {
    let with_node = |head: &[u8], tail: &[u8]| [head, NODE, tail].concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![97, 255], "255"),
        (vec![98, 255, 255, 255, 254], "-2"),
        (vec![110, 1, 1, 5], "-5"),
        (vec![110, 0, 0], "0"),
        (vec![110, 8, 1, 0, 0, 0, 0, 0, 0, 0, 128], "-9223372036854775808"),
        (vec![110, 8, 0, 0, 0, 0, 0, 0, 0, 0, 128], "9223372036854775808"),
        (vec![111, 0, 0, 0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], "-18446744073709551616"),
        (vec![70, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], "1.5"),
        ([&[99u8][..], b"1.50000000000000000000e+00\0\0\0\0\0"].concat(), "1.5"),
        (vec![100, 0, 1, 0xe9], "\u{e9}"),
        (vec![115, 1, b'A'], "'A'"),
        (b"\x76\0\x02\xc3\xa9".to_vec(), "\u{e9}"),
        (b"\x77\x03end".to_vec(), "'end'"),
        (b"\x77\0".to_vec(), "''"),
        (vec![106], "[]"),
        (vec![107, 0, 2, 1, 2], "[1,2]"),
        (vec![107, 0, 2, b'h', b'i'], "\"hi\""),
        (vec![107, 0, 0], "[]"),
        (vec![108, 0, 0, 0, 1, 97, 1, 106], "[1]"),
        (vec![108, 0, 0, 0, 1, 97, 1, 97, 2], "[1|2]"),
        (vec![108, 0, 0, 0, 0, 97, 7], "7"),
        (vec![104, 0], "{}"),
        (vec![104, 2, 97, 1, 106], "{1,[]}"),
        (vec![105, 0, 0, 0, 1, 106], "{[]}"),
        (vec![116, 0, 0, 0, 1, 97, 1, 97, 2], "#{1 => 2}"),
        (vec![116, 0, 0, 0, 0], "#{}"),
        (b"\x6d\0\0\0\x02hi".to_vec(), "<<\"hi\">>"),
        (vec![109, 0, 0, 0, 2, 0, 255], "<<0,255>>"),
        (vec![77, 0, 0, 0, 2, 3, 1, 0b1010_0000], "<<1,5:3>>"),
        (vec![77, 0, 0, 0, 0, 0], "<<>>"),
        (with_node(&[103], &[0, 0, 0, 1, 0, 0, 0, 2, 3]), "<a@b.1.2>"),
        (with_node(&[88], &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]), "<a@b.1.2>"),
        (with_node(&[102], &[0, 0, 0, 1, 3]), "#Port<a@b.1>"),
        (with_node(&[89], &[0, 0, 0, 1, 0, 0, 0, 3]), "#Port<a@b.1>"),
        (with_node(&[120], &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3]), "#Port<a@b.4294967296>"),
        (with_node(&[101], &[0, 0, 0, 1, 3]), "#Ref<a@b.1>"),
        (with_node(&[114, 0, 2], &[3, 0, 0, 0, 1, 0, 0, 0, 2]), "#Ref<a@b.2.1>"),
        (with_node(&[90, 0, 1], &[0, 0, 0, 3, 0, 0, 0, 1]), "#Ref<a@b.1>"),
        (b"\x71\x77\x01m\x77\x01f\x61\x02".to_vec(), "fun m:f/2"),
        (fun(2), "#Fun<m.5.6>"),
        (b"\x43\0\0\0\x01\x01\x77\x01m\x77\x01r\x77\x01x\x61\x07".to_vec(), "#m:r{x = 7}"),
    ];
    for (bytes, text) in cases {
        let bytes = term(&bytes);
        assert_eq!(print_term(&bytes), text);
        assert_eq!(validate(&bytes), Ok(()), "{text}");
        // No prefix of a term is a term.
        for end in 0..bytes.len() {
            assert!(validate(&bytes[..end]).is_err(), "{text} cut at {end}");
        }
    }
}

/// A fun with one free variable.
fn fun(arity: u8) -> Vec<u8> {
    let mut body = vec![arity];
    body.extend([9; 16]);
    body.extend([0, 0, 0, 1, 0, 0, 0, 1]);
    body.extend(b"\x77\x01m\x61\x05\x61\x06\x58");
    body.extend(NODE);
    body.extend([0; 12]);
    body.extend([97, 1]);
    let mut bytes = vec![112];
    bytes.extend((body.len() as u32 + 4).to_be_bytes());
    bytes.extend(body);
    bytes
}

fn compressed(bytes: &[u8], size: u32) -> Vec<u8> {
    use std::io::Write;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(bytes).expect("memory takes everything");
    let mut out = vec![80];
    out.extend(size.to_be_bytes());
    out.extend(zlib.finish().expect("memory takes everything"));
    term(&out)
}

#[test]
fn compressed_terms() {
    let plain = [&[109, 0, 1, 0x86, 0xa0][..], &[b'x'; 100_000]].concat();
    let good = compressed(&plain, plain.len() as u32);
    assert_eq!(validate(&good), Ok(()));
    for size in [0, plain.len() as u32 - 1, plain.len() as u32 + 1, u32::MAX] {
        let (_, kind) = validate(&compressed(&plain, size)).expect_err("the size is wrong");
        assert_eq!(kind, EtfErrorKind::BadCompression, "{size}");
    }
    let mut followed = good.clone();
    followed.push(0);
    assert_eq!(validate(&followed), Err((good.len(), EtfErrorKind::TrailingBytes(1))));
    let two = compressed(&[106, 106], 2);
    assert_eq!(validate(&two).expect_err("there are two terms").1, EtfErrorKind::TrailingBytes(1));
}

#[test]
fn broken_terms() {
    let mut wrong_fun = fun(2);
    wrong_fun[4] += 1;
    let cases: Vec<(Vec<u8>, EtfErrorKind)> = vec![
        (vec![], EtfErrorKind::Truncated),
        (vec![130, 106], EtfErrorKind::BadVersion(130)),
        (term(&[200]), EtfErrorKind::BadTag(200)),
        (term(&[117]), EtfErrorKind::BadTag(117)),
        (term(&[82, 0]), EtfErrorKind::BadTag(82)),
        (term(&[121, 0, 0, 0, 0, 0, 0, 0, 0, 106]), EtfErrorKind::BadTag(121)),
        (term(&[119, 1, 0xff]), EtfErrorKind::BadAtom),
        (term(&[&[118, 1, 0][..], &[b'a'; 256]].concat()), EtfErrorKind::AtomTooLong),
        (term(&[70, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]), EtfErrorKind::BadFloat),
        (term(&[&[99][..], &[b'x'; 31]].concat()), EtfErrorKind::BadFloat),
        (term(&[110, 1, 2, 5]), EtfErrorKind::BadSign),
        (term(&[77, 0, 0, 0, 1, 9, 0]), EtfErrorKind::BadBits),
        (term(&[77, 0, 0, 0, 1, 0, 0]), EtfErrorKind::BadBits),
        (term(&[90, 0, 0, 119, 1, b'n']), EtfErrorKind::BadReference(0)),
        (term(&[90, 0, 6, 119, 1, b'n']), EtfErrorKind::BadReference(6)),
        (term(&[101, 119, 1, b'n', 0, 4, 0, 0, 0]), EtfErrorKind::BadReferenceNumber(1 << 18)),
        (term(&[114, 0, 1, 119, 1, b'n', 0, 0, 4, 0, 0]), EtfErrorKind::BadReferenceNumber(1 << 18)),
        (term(&[103, 119, 1, b'n', 0, 0, 0, 0, 0, 0, 0, 0, 4]), EtfErrorKind::BadCreation(4)),
        (term(&[103, 97, 1]), EtfErrorKind::BadTag(97)),
        (term(&wrong_fun), EtfErrorKind::BadFunSize),
        (term(&[106, 0]), EtfErrorKind::TrailingBytes(1)),
        // Lengths of gigabytes are refused before they are believed.
        (term(&[109, 255, 255, 255, 255]), EtfErrorKind::Truncated),
        (term(&[108, 255, 255, 255, 255]), EtfErrorKind::Truncated),
        (term(&[105, 255, 255, 255, 255]), EtfErrorKind::Truncated),
        (term(&[116, 255, 255, 255, 255]), EtfErrorKind::Truncated),
        (term(&[111, 255, 255, 255, 255, 0]), EtfErrorKind::Truncated),
    ];
    for (bytes, expected) in cases {
        assert_eq!(validate(&bytes).map_err(|(_, kind)| kind), Err(expected), "{bytes:?}");
    }
}

#[test]
fn deep_terms_need_no_stack() {
    let depth = 1_000_000;
    let mut bytes = vec![131];
    for _ in 0..depth {
        bytes.extend([104, 1]);
    }
    bytes.push(106);
    assert_eq!(validate(&bytes), Ok(()));
}

#[test]
fn decoding_can_be_suspended_anywhere() {
    let mut inner = vec![108, 0, 0, 11, 184];
    inner.extend([97, 3].repeat(3000));
    inner.push(106);
    let plain = [&[104, 3, 116, 0, 0, 0, 1, 97, 1][..], b"\x77\x01a", &inner, b"\x6d\0\0\0\x01x"].concat();
    let whole = print_term(&term(&plain));
    for bytes in [term(&plain), compressed(&plain, plain.len() as u32)] {
        for step in [1, 2, 7, 1000] {
            let mut decoder = Decoder::new();
            let text = loop {
                let mut budget = step;
                match decoder.run(&bytes, &mut Printer, &mut budget) {
                    Ok(Progress::Done(text)) => break text.into_text(),
                    Ok(Progress::Suspended) => assert_eq!(budget, 0),
                    Err(error) => match error.cause {
                        EtfCause::Format(kind) => panic!("{kind}"),
                        EtfCause::Builder(never) => match never {},
                    },
                }
            };
            assert_eq!(text, whole);
            assert_eq!(decoder.used(), bytes.len());
        }
    }
}
