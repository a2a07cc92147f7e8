//! Natives of module `prim_buffer`: byte queues that raw files read ahead into and delay writes in.
//!
//! A buffer is a magic reference to a [`Buffer`]. Invariants: no piece is empty; small writes join the last piece, so
//! that many of them make few pieces. The lock that programs take (`try_lock/1`) is theirs, not the queue's own.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use girder_vm::{Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "prim_buffer" {
        "copying_read"/2 => copying_read_2, Nif;
        "find_byte_index"/2 => find_byte_index_2, Nif;
        "new"/0 => new_0, Nif;
        "peek_head"/1 => peek_head_1, Nif;
        "size"/1 => size_1, Nif;
        "skip"/2 => skip_2, Nif;
        "try_lock"/1 => try_lock_1, Nif;
        "unlock"/1 => unlock_1, Nif;
        "write"/2 => write_2, Nif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Pieces below this size take further bytes.
const JOINED: usize = 2048;
/// Bytes copied or searched for a reduction.
const BYTES_PER_REDUCTION: usize = 256;

#[derive(Default)]
struct Queue {
    pieces: VecDeque<Vec<u8>>,
    /// Bytes of the first piece that are gone.
    taken: usize,
    size: usize,
}

impl Queue {
    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let taken = self.taken;
        self.pieces.iter().enumerate().map(move |(i, p)| if i == 0 { &p[taken..] } else { &p[..] })
    }
    fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.size += bytes.len();
        match self.pieces.back_mut() {
            Some(last) if last.len() + bytes.len() <= JOINED => last.extend_from_slice(bytes),
            _ => self.pieces.push_back(bytes.to_vec()),
        }
    }
    /// Takes `n` bytes away, of no more than there are.
    fn skip(&mut self, n: usize) {
        self.size -= n;
        self.taken += n;
        while let Some(first) = self.pieces.front()
            && first.len() <= self.taken
        {
            self.taken -= first.len();
            self.pieces.pop_front();
        }
    }
    fn find(&self, byte: u8) -> Option<usize> {
        let mut before = 0;
        for s in self.slices() {
            if let Some(i) = memchr::memchr(byte, s) {
                return Some(before + i);
            }
            before += s.len();
        }
        None
    }
}

#[derive(Default)]
struct Buffer {
    queue: Mutex<Queue>,
    locked: AtomicBool,
}

fn buffer<'s>(t: Term<'s>) -> Result<&'s Buffer, Raise> {
    t.as_ref().and_then(|r| r.magic()).and_then(|m| m.get()).ok_or(Raise::Badarg)
}

fn queue<'s>(t: Term<'s>) -> Result<MutexGuard<'s, Queue>, Raise> {
    Ok(buffer(t)?.queue.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A number of bytes that are there.
fn available(q: &Queue, t: Term<'_>) -> Result<usize, Raise> {
    t.as_usize().filter(|&n| n <= q.size).ok_or(Raise::Badarg)
}

fn new_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.fresh_magic_reference(Box::<Buffer>::default()))
}

fn size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.uint(queue(a[0])?.size as u64))
}

fn copying_read_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut q = queue(a[0])?;
    let n = available(&q, a[1])?;
    ctx.charge(n / BYTES_PER_REDUCTION);
    let bytes = ctx.binary_with(n, |mut out| {
        for s in q.slices() {
            let part = s.len().min(out.len());
            out[..part].copy_from_slice(&s[..part]);
            out = &mut out[part..];
        }
    });
    q.skip(n);
    Ok(bytes)
}

fn write_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let pieces = a[1].to_vec().ok_or(Raise::Badarg)?;
    let pieces: Option<Vec<_>> = pieces.into_iter().map(|p| p.as_binary()?.to_bytes()).collect();
    let mut q = queue(a[0])?;
    for p in pieces.ok_or(Raise::Badarg)? {
        ctx.charge(1 + p.len() / BYTES_PER_REDUCTION);
        q.write(&p);
    }
    Ok(am::OK.into())
}

fn peek_head_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let q = queue(a[0])?;
    let head = q.slices().next().ok_or(Raise::Badarg)?;
    ctx.charge(head.len() / BYTES_PER_REDUCTION);
    Ok(ctx.binary(head))
}

fn skip_2<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut q = queue(a[0])?;
    let n = available(&q, a[1])?;
    q.skip(n);
    Ok(am::OK.into())
}

fn find_byte_index_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let q = queue(a[0])?;
    let byte = a[1].as_small().and_then(|n| u8::try_from(n).ok()).ok_or(Raise::Badarg)?;
    let found = q.find(byte);
    ctx.charge(found.unwrap_or(q.size) / (BYTES_PER_REDUCTION * 16));
    Ok(match found {
        Some(i) => ctx.tuple(&[am::OK.into(), ctx.uint(i as u64)]),
        None => am::NOT_FOUND.into(),
    })
}

fn try_lock_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let busy = buffer(a[0])?.locked.swap(true, Ordering::Acquire);
    Ok(if busy { am::BUSY } else { am::ACQUIRED }.into())
}

fn unlock_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    match buffer(a[0])?.locked.swap(false, Ordering::Release) {
        true => Ok(am::OK.into()),
        false => Err(ctx.error(am::LOCK_ORDER_VIOLATION.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(q: &Queue) -> Vec<u8> {
        q.slices().flatten().copied().collect()
    }

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut q = Queue::default();
        q.write(b"abc");
        q.write(&[b'x'; JOINED]);
        q.write(b"");
        q.write(b"yz");
        assert_eq!((q.pieces.len(), q.size), (3, JOINED + 5));
        assert_eq!((q.find(b'c'), q.find(b'y'), q.find(b'q')), (Some(2), Some(JOINED + 3), None));
        q.skip(2);
        assert_eq!((q.find(b'c'), q.find(b'z')), (Some(0), Some(JOINED + 2)));
        q.skip(JOINED + 1);
        assert_eq!(all(&q), b"yz");
        q.skip(2);
        assert!(q.pieces.is_empty() && q.size == 0 && q.taken == 0);
    }
}
