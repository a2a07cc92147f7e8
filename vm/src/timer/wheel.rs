//! [`Wheel`]: a hierarchical timer wheel in ticks.
//!
//! Level 0 has a slot a tick, each further level's slot spans a whole turn of the level below. Starting and stopping are
//! O(1); an entry moves down at most once a level. Invariant: an entry lies in the level that its distance from `now`
//! asks for when it was placed, so all entries of level `n` are due within `SLOTS^(n+1)` ticks, and the entries of
//! level 0's current slot are due now.

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 8;
const NONE: u32 = u32::MAX;

/// Names an entry; stale keys are recognised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// As one word.
    pub fn to_bits(self) -> u64 {
        u64::from(self.index) << 32 | u64::from(self.generation)
    }
    /// From [`Key::to_bits`].
    pub fn from_bits(b: u64) -> Key {
        Key { index: (b >> 32) as u32, generation: b as u32 }
    }
}

struct Entry<T> {
    due: u64,
    next: u32,
    prev: u32,
    /// Level and slot, while linked.
    slot: u16,
    generation: u32,
    payload: Option<T>,
}

/// See the module's head.
pub struct Wheel<T> {
    now: u64,
    heads: Vec<u32>,
    /// Occupied slots of each level.
    used: [u64; LEVELS],
    entries: Vec<Entry<T>>,
    free: u32,
    len: usize,
}

impl<T> Wheel<T> {
    /// An empty wheel at tick `now`.
    pub fn new(now: u64) -> Wheel<T> {
        Wheel { now, heads: vec![NONE; SLOTS * LEVELS], used: [0; LEVELS], entries: Vec::new(), free: NONE, len: 0 }
    }
    /// Number of timers.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there are no timers.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The tick up to which timers were taken.
    pub fn now(&self) -> u64 {
        self.now
    }
    /// Starts a timer; one that is due already is taken by the next [`Wheel::advance`].
    pub fn start(&mut self, due: u64, payload: T) -> Key {
        let index = if self.free == NONE {
            self.entries.push(Entry { due, next: NONE, prev: NONE, slot: 0, generation: 0, payload: None });
            (self.entries.len() - 1) as u32
        } else {
            let i = self.free;
            self.free = self.entries[i as usize].next;
            i
        };
        let e = &mut self.entries[index as usize];
        e.due = due;
        e.payload = Some(payload);
        let generation = e.generation;
        self.link(index);
        self.len += 1;
        Key { index, generation }
    }
    /// Stops a timer; `None` if it is not running any more.
    pub fn stop(&mut self, key: Key) -> Option<T> {
        let e = self.entries.get(key.index as usize)?;
        if e.generation != key.generation || e.payload.is_none() {
            return None;
        }
        self.unlink(key.index);
        self.release(key.index)
    }
    fn release(&mut self, index: u32) -> Option<T> {
        let e = &mut self.entries[index as usize];
        e.generation = e.generation.wrapping_add(1);
        e.next = self.free;
        self.free = index;
        self.len -= 1;
        e.payload.take()
    }
    /// Level and slot for a due tick: by the highest digit in which it differs from `now`.
    fn place(&self, due: u64) -> (usize, usize) {
        let due = due.max(self.now + 1);
        let level = ((63 - ((due ^ self.now) | 1).leading_zeros()) / BITS) as usize;
        if level >= LEVELS {
            // Beyond the top level's turn: slot 0, where the next turn begins and from where it is placed anew.
            return (LEVELS - 1, 0);
        }
        (level, (due >> (BITS * level as u32)) as usize % SLOTS)
    }
    fn link(&mut self, index: u32) {
        let (level, slot) = self.place(self.entries[index as usize].due);
        let at = level * SLOTS + slot;
        let head = self.heads[at];
        let e = &mut self.entries[index as usize];
        e.slot = at as u16;
        e.next = head;
        e.prev = NONE;
        if head != NONE {
            self.entries[head as usize].prev = index;
        }
        self.heads[at] = index;
        self.used[level] |= 1 << slot;
    }
    fn unlink(&mut self, index: u32) {
        let Entry { next, prev, slot, .. } = self.entries[index as usize];
        if next != NONE {
            self.entries[next as usize].prev = prev;
        }
        if prev != NONE {
            self.entries[prev as usize].next = next;
        } else {
            let at = usize::from(slot);
            self.heads[at] = next;
            if next == NONE {
                self.used[at / SLOTS] &= !(1 << (at % SLOTS));
            }
        }
    }
    /// A tick by which [`Wheel::advance`] should be called: that of the next timer, or an earlier one.
    pub fn next_due(&self) -> Option<u64> {
        (0..LEVELS).filter(|&l| self.used[l] != 0).map(|level| self.next_slot_start(level)).min()
    }
    /// First tick of the next occupied slot of a level.
    fn next_slot_start(&self, level: usize) -> u64 {
        let shift = BITS * level as u32;
        let digit = (self.now >> shift) as u32 % SLOTS as u32;
        // Slots behind the current one come first; the current one itself can only mean the next turn.
        let ahead = self.used[level].rotate_right(digit + 1).trailing_zeros() + 1;
        ((self.now >> shift) + u64::from(ahead)) << shift
    }
    /// Moves on to tick `to` and takes every timer due by then, in order of tick.
    pub fn advance(&mut self, to: u64, mut fire: impl FnMut(T)) {
        while self.now < to {
            let next = match self.next_due() {
                Some(t) if t <= to => t,
                _ => {
                    self.now = to;
                    return;
                }
            };
            self.now = next;
            for level in (0..LEVELS).rev() {
                let shift = BITS * level as u32;
                if next & ((1 << shift) - 1) == 0 {
                    self.open(level, (next >> shift) as usize % SLOTS, &mut fire);
                }
            }
        }
    }
    /// Empties a slot: what is due fires, the rest moves down.
    fn open(&mut self, level: usize, slot: usize, fire: &mut impl FnMut(T)) {
        let at = level * SLOTS + slot;
        let mut i = std::mem::replace(&mut self.heads[at], NONE);
        self.used[level] &= !(1 << slot);
        // The list is newest first; timers of one tick fire in the order they were started.
        let mut order = Vec::new();
        while i != NONE {
            order.push(i);
            i = self.entries[i as usize].next;
        }
        for &i in order.iter().rev() {
            if self.entries[i as usize].due <= self.now {
                if let Some(t) = self.release(i) {
                    fire(t);
                }
            } else {
                self.link(i);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn fired(w: &mut Wheel<u64>, to: u64) -> Vec<u64> {
        let mut v = Vec::new();
        w.advance(to, |t| v.push(t));
        v
    }

    #[test]
    fn timers_fire_at_their_tick() {
        for start in [0, 63, 4095, 1 << 40, (1 << 48) - 3] {
            let mut w = Wheel::new(start);
            let mut due: Vec<u64> =
                [1, 2, 63, 64, 65, 100, 4095, 4096, 4097, 300_000, 20_000_000].iter().map(|d| start + d).collect();
            for &d in &due {
                w.start(d, d);
            }
            while let Some(next) = w.next_due() {
                let first = due[0];
                assert!(next <= first, "{next} is too late for {first}");
                for t in fired(&mut w, next) {
                    assert_eq!((t, t), (due.remove(0), next));
                }
            }
            assert!(due.is_empty() && w.is_empty());
        }
    }

    #[test]
    fn a_big_step_fires_everything_in_order() {
        let mut w = Wheel::new(5);
        for d in [900, 7, 6, 70, 71, 5000, 3] {
            w.start(d, d);
        }
        // What is overdue fires with the next tick.
        assert_eq!(fired(&mut w, 1000), [6, 3, 7, 70, 71, 900]);
        assert_eq!(fired(&mut w, 4999), [0; 0]);
        assert_eq!(fired(&mut w, 5000), [5000]);
    }

    #[test]
    fn stopped_timers_do_not_fire_and_keys_go_stale() {
        let mut w = Wheel::new(0);
        let (a, b, c) = (w.start(10, 1), w.start(10, 2), w.start(10, 3));
        assert_eq!(w.stop(b), Some(2));
        assert_eq!(w.stop(b), None);
        let d = w.start(500, 4);
        assert_ne!(d, b);
        assert_eq!(w.stop(b), None, "the slot is reused under another key");
        assert_eq!(fired(&mut w, 10), [1, 3]);
        assert_eq!((w.stop(a), w.stop(c), w.len()), (None, None, 1));
        assert_eq!(Key::from_bits(d.to_bits()), d);
    }

    #[test]
    fn far_timers_are_not_lost() {
        let mut w = Wheel::new(1);
        let far = (1 << 48) + 12_345;
        w.start(far, far);
        while let Some(n) = w.next_due() {
            assert!(n <= far);
            let f = fired(&mut w, n);
            assert_eq!(f.is_empty(), n < far);
        }
        assert!(w.is_empty());
    }

    #[test]
    fn random_starts_and_stops() {
        let mut seed = 12345_u64;
        let mut random = move |n: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % n
        };
        let mut w = Wheel::new(0);
        let mut live: Vec<(u64, Key)> = Vec::new();
        for _ in 0..if cfg!(miri) { 200 } else { 20_000 } {
            match random(4) {
                0 | 1 => {
                    let span = 1 << random(30);
                    let due = w.now() + 1 + random(span);
                    live.push((due, w.start(due, due)));
                }
                2 if !live.is_empty() => {
                    let (due, k) = live.swap_remove(random(live.len() as u64) as usize);
                    assert_eq!(w.stop(k), Some(due));
                }
                _ => {
                    let span = 1 << random(24);
                    let to = w.now() + random(span);
                    let got = fired(&mut w, to);
                    assert!(got.is_sorted());
                    let mut want: Vec<u64> = live.iter().map(|l| l.0).filter(|&d| d <= to).collect();
                    want.sort_unstable();
                    assert_eq!(got, want);
                    live.retain(|l| l.0 > to);
                }
            }
            assert_eq!(w.len(), live.len());
        }
    }
}
