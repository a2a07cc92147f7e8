//! [`Message`]: one node of an inbox, in the fragment that carries its term; [`MessageQueue`]: what a process took out
//! of its inbox and has not received yet.
//!
//! ```text
//! Fragment | [hdr][link][term][signal]  message's terms ...      (next: further fragments of a detached term)
//! ```
//! The head poses as a bignum that nothing refers to, so the fragment holds complete objects only. Invariants: a
//! message owns its fragments until it is received; its term points into them or needs no memory. The exception is a
//! message that was under inspection when its process collected: its term then lies on that process's heap, its node
//! is on the queue's `on_heap` list, and the collector updates the term's word in place.

use std::cell::{Cell, RefCell, RefMut};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

use super::fragment::{Detached, Fragment};
use super::literal::Ranges;
use super::{Arena, off_heap};
use crate::process::{Empty, OnDemand};
use crate::signal::Signal;
use crate::sync::inbox::Linked;
use crate::term::{Header, RawTerm, Subtag, Term, copy};

#[repr(C)]
struct Head {
    header: RawTerm,
    link: *mut Fragment,
    term: RawTerm,
    /// A boxed [`Signal`], or null for a plain message.
    signal: *mut Signal,
}

const HEAD_WORDS: usize = size_of::<Head>() / 8;
/// Words behind the head of a message that is built, if it needs no more.
const BUILT_WORDS: usize = 32;

/// A node of an inbox or message queue, owned.
pub struct Message(*mut Fragment);

// SAFETY: the fragments belong to the message alone, what they share is counted atomically; signals are Send.
unsafe impl Send for Message {}

/// The head of a message's fragment.
///
/// # Safety
/// `f` is the fragment of a live [`Message`].
#[inline(always)]
unsafe fn head(f: *mut Fragment) -> *mut Head {
    Fragment::words(f).cast()
}

impl Message {
    fn with_head(frag: *mut Fragment, term: RawTerm, signal: *mut Signal) -> Message {
        let header = RawTerm::header(Header::new(Subtag::PosBig, HEAD_WORDS - 1));
        // SAFETY: the caller's fragment starts with room for the head.
        unsafe { head(frag).write(Head { header, link: null_mut(), term, signal }) };
        Message(frag)
    }
    fn empty_fragment() -> *mut Fragment {
        let f = Fragment::new(HEAD_WORDS);
        // SAFETY: just made, with room for the head.
        unsafe { (*f).used = HEAD_WORDS };
        f
    }
    /// A message holding a copy of `t`.
    pub fn copy_of(t: Term<'_>) -> Message {
        Message::detached(copy::detach(t))
    }
    /// As [`Message::copy_of`], for a message that goes straight into an inbox: literals are shared, and head and term
    /// lie in one block.
    pub fn sent(t: Term<'_>) -> Message {
        Message::copied(copy::detach_behind(t, HEAD_WORDS))
    }
    /// As [`Message::sent`], unless the copy would take long.
    pub(crate) fn small_sent(t: Term<'_>) -> Option<Message> {
        if t.is_immediate() {
            return Some(Message::copied((t.raw(), null_mut())));
        }
        copy::detach_small_behind(t, HEAD_WORDS).map(Message::copied)
    }
    fn copied((term, fragment): (RawTerm, *mut Fragment)) -> Message {
        let fragment = if fragment.is_null() { Self::empty_fragment() } else { fragment };
        Message::with_head(fragment, term, null_mut())
    }
    /// A message with a detached term.
    pub fn detached(d: Detached) -> Message {
        let (term, frags) = d.into_parts();
        let f = Self::empty_fragment();
        // SAFETY: just made; the detached term's fragments are ours now.
        unsafe { (*f).next = frags };
        Message::with_head(f, term, null_mut())
    }
    /// A message whose term `build` makes.
    pub fn build(build: impl for<'s> FnOnce(&super::Builder<'s>) -> Term<'s>) -> Message {
        let fragment = Fragment::new(HEAD_WORDS + BUILT_WORDS);
        // SAFETY: just made, with room for the head, which is written when the term is known.
        unsafe { (*fragment).used = HEAD_WORDS };
        let term = Arena::build_behind(fragment, build);
        Message::with_head(fragment, term, null_mut())
    }
    /// A signal that is no message.
    pub fn signal(s: Signal) -> Message {
        Message::with_head(Self::empty_fragment(), RawTerm::NONE, Box::into_raw(Box::new(s)))
    }
    /// This message as payload of a signal (a message to an alias).
    pub fn with_signal(self, s: Signal) -> Message {
        drop(self.replace_signal(Box::into_raw(Box::new(s))));
        self
    }
    fn replace_signal(&self, s: *mut Signal) -> Option<Box<Signal>> {
        // SAFETY: the head is ours; a signal that is not null came from Box::into_raw.
        unsafe {
            let old = std::mem::replace(&mut (*head(self.0)).signal, s);
            (!old.is_null()).then(|| Box::from_raw(old))
        }
    }
    /// Takes the signal out; a message with a term is a plain one afterwards.
    pub fn take_signal(&self) -> Option<Box<Signal>> {
        self.replace_signal(null_mut())
    }
    /// Whether this is something other than a plain message.
    #[inline]
    pub fn is_signal(&self) -> bool {
        // SAFETY: the head is ours.
        unsafe { !(*head(self.0)).signal.is_null() }
    }
    /// Shows the term of a message.
    pub fn with_term<R>(&self, f: impl for<'s> FnOnce(Term<'s>) -> R) -> R {
        // SAFETY: the message owns its term while it is borrowed (or is in no queue: see `MessageQueue` for the others).
        f(unsafe { (*head(self.0)).term.brand() })
    }
    /// Words in fragments, the head's not counted.
    pub fn size(&self) -> usize {
        let (mut n, mut f) = (0, self.0);
        while !f.is_null() {
            // SAFETY: the message owns the chain.
            unsafe { (n, f) = (n + (*f).used, (*f).next) };
        }
        n.saturating_sub(HEAD_WORDS)
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        drop(self.take_signal());
        let mut f = self.0;
        while !f.is_null() {
            // SAFETY: the message owns the chain; off-heap objects in it are owned by the fragments' lists.
            unsafe {
                let next = (*f).next;
                off_heap::release_list((*f).off_heap);
                Fragment::free(f);
                f = next;
            }
        }
    }
}

// SAFETY: a fragment's address is stable, 16-byte aligned, and `link` is a word of its head that nothing else uses.
unsafe impl Linked for Message {
    type Target = Fragment;
    fn into_raw(self) -> *mut Fragment {
        let f = self.0;
        std::mem::forget(self);
        f
    }
    unsafe fn from_raw(p: *mut Fragment) -> Self {
        Message(p)
    }
    unsafe fn link(p: *mut Fragment) -> *mut *mut Fragment {
        // SAFETY: the trait's contract: p is the fragment of a message.
        unsafe { &raw mut (*head(p)).link }
    }
}

/// Whether a word of a message looks like a pointer into `ranges`. Raw words may, too; then a copy is made for nothing.
///
/// # Safety
/// `f` is the fragment of a live message that owns its term.
unsafe fn refers(mut f: *mut Fragment, ranges: &Ranges) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        let into = |w: RawTerm| !w.is_immediate() && !w.is_header() && ranges.find(w.any_ptr()).is_some();
        let mut found = into((*head(f)).term);
        while !f.is_null() {
            found = found || std::slice::from_raw_parts(Fragment::words(f), (*f).used).iter().any(|&w| into(w));
            f = (*f).next;
        }
        found
    }
}

/// A place in a [`MessageQueue`]: behind a certain message, or at the start.
#[derive(Clone, Copy)]
struct Place(*mut Fragment);

const START: Place = Place(null_mut());
/// Receive markers a process can have at a time; the oldest is reused when they run out.
const MARKERS: usize = 8;

#[derive(Clone, Copy)]
struct Marker {
    id: u32,
    /// The reference it is bound to.
    bound: Option<[u32; 3]>,
    place: Place,
}

/// What most queues never need.
#[derive(Default)]
struct Rare {
    markers: Vec<Marker>,
    on_heap: Vec<*mut Fragment>,
}

impl Empty for Rare {
    const EMPTY: &'static Self = &Rare { markers: Vec::new(), on_heap: Vec::new() };
}

/// See the module's head. The save pointer is the place before the message that the current receive looks at next.
pub struct MessageQueue {
    first: Cell<*mut Fragment>,
    last: Cell<*mut Fragment>,
    len: Cell<usize>,
    save: Cell<Place>,
    /// Last of the priority messages at the start.
    last_priority: Cell<Place>,
    /// The message at the save pointer may be referred to from registers.
    inspected: Cell<bool>,
    /// Words in the queued messages.
    words: Cell<usize>,
    next_marker: Cell<u32>,
    rare: RefCell<OnDemand<Rare>>,
}

impl Default for MessageQueue {
    fn default() -> Self {
        MessageQueue {
            first: Cell::new(null_mut()),
            last: Cell::new(null_mut()),
            len: Cell::new(0),
            save: Cell::new(START),
            last_priority: Cell::new(START),
            inspected: Cell::new(false),
            words: Cell::new(0),
            next_marker: Cell::new(0),
            rare: RefCell::default(),
        }
    }
}

impl MessageQueue {
    /// Number of messages.
    pub fn len(&self) -> usize {
        self.len.get()
    }
    /// Whether there are no messages.
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }
    /// Memory for the queued messages, nodes included.
    pub fn bytes(&self) -> usize {
        8 * self.words.get() + self.len.get() * (size_of::<Fragment>() + size_of::<Head>())
    }
    /// Words of the queued messages' terms.
    pub fn words(&self) -> usize {
        self.words.get()
    }
    fn after(&self, p: Place) -> *mut Fragment {
        // SAFETY: places hold null or a node of this queue (`remove` and `push_priority` keep them so).
        if p.0.is_null() { self.first.get() } else { unsafe { (*head(p.0)).link } }
    }
    fn link_after(&self, p: Place, f: *mut Fragment) {
        if p.0.is_null() {
            self.first.set(f);
        } else {
            // SAFETY: as in `after`.
            unsafe { (*head(p.0)).link = f };
        }
    }
    /// What only some queues have, if this one has it.
    fn rare(&self) -> Option<RefMut<'_, Rare>> {
        let r = self.rare.borrow_mut();
        (!r.is_absent()).then(|| RefMut::map(r, |r| &mut **r))
    }
    fn count_in(&self, m: &Message) {
        self.len.set(self.len.get() + 1);
        self.words.set(self.words.get() + m.size());
    }
    /// Appends a message.
    pub fn push(&self, m: Message) {
        self.count_in(&m);
        let f = m.into_raw();
        self.link_after(Place(self.last.get()), f);
        self.last.set(f);
    }
    /// Puts a message behind the earlier priority messages, before all others.
    pub fn push_priority(&self, m: Message) {
        self.count_in(&m);
        let (at, f) = (self.last_priority.get(), m.into_raw());
        let next = self.after(at);
        // SAFETY: f is a node of ours.
        unsafe { (*head(f)).link = next };
        self.link_after(at, f);
        if next.is_null() {
            self.last.set(f);
        }
        self.last_priority.set(Place(f));
        // A receive that has passed this place, and markers behind it, must look again: the message is new to them.
        self.rewind();
        for m in self.rare().iter_mut().flat_map(|r| &mut r.markers) {
            m.place = at;
        }
    }
    fn rewind(&self) {
        self.save.set(START);
        self.inspected.set(false);
    }
    /// The term of the message at the save pointer.
    #[inline]
    pub(crate) fn current(&self) -> Option<RawTerm> {
        let f = self.after(self.save.get());
        if f.is_null() {
            return None;
        }
        self.inspected.set(true);
        // SAFETY: a node of this queue.
        Some(unsafe { (*head(f)).term })
    }
    /// Whether the message at the save pointer carries something.
    #[inline(always)]
    pub(crate) fn current_carries(&self) -> bool {
        let f = self.after(self.save.get());
        // SAFETY: a node of this queue.
        !f.is_null() && unsafe { !(*head(f)).signal.is_null() }
    }
    /// Takes what the message at the save pointer carries.
    pub(crate) fn take_current_signal(&self) -> Option<Box<Signal>> {
        let f = self.after(self.save.get());
        // It stays in the queue, so the message is not dropped here.
        (!f.is_null()).then(|| ManuallyDrop::new(Message(f)).take_signal()).flatten()
    }
    /// Frees what messages carry.
    pub(crate) fn drop_signals(&self) {
        let mut n = self.first.get();
        while !n.is_null() {
            // SAFETY: nodes of this queue, which stay in it.
            unsafe {
                drop(ManuallyDrop::new(Message(n)).take_signal());
                n = (*head(n)).link;
            }
        }
    }
    /// Whether there is a message at the save pointer.
    pub fn has_unseen(&self) -> bool {
        !self.after(self.save.get()).is_null()
    }
    /// Moves the save pointer behind the current message.
    #[inline]
    pub fn advance(&self) {
        let f = self.after(self.save.get());
        if !f.is_null() {
            self.save.set(Place(f));
        }
        self.inspected.set(false);
    }
    /// The next receive looks at no message that is in the queue.
    pub fn skip_all(&self) {
        self.save.set(Place(self.last.get()));
        self.inspected.set(false);
    }
    /// The next receive looks at all messages again.
    #[inline]
    pub fn reset(&self) {
        self.rewind();
    }
    /// Takes the message at the save pointer out; its memory goes to `arena`, since registers refer to it.
    pub(crate) fn receive(&self, arena: &Arena) {
        let Some(m) = self.unlink_current() else { return };
        let f = m.into_raw();
        // SAFETY: the node is ours. A term without memory leaves nothing that anybody refers to.
        unsafe {
            if (*f).used == HEAD_WORDS && (*f).next.is_null() {
                Fragment::free(f);
            } else {
                arena.adopt_fragments(f);
                // The head is no part of the heap.
                arena.frag_words.set(arena.frag_words.get() - HEAD_WORDS);
            }
        }
        self.reset();
    }
    fn unlink_current(&self) -> Option<Message> {
        let at = self.save.get();
        let f = self.after(at);
        if f.is_null() {
            return None;
        }
        // SAFETY: f is a node of this queue, taken out here.
        let m = unsafe {
            self.link_after(at, (*head(f)).link);
            (*head(f)).link = null_mut();
            Message::from_raw(f)
        };
        if self.last.get() == f {
            self.last.set(at.0);
        }
        if self.last_priority.get().0 == f {
            self.last_priority.set(at);
        }
        if let Some(mut rare) = self.rare() {
            for marker in rare.markers.iter_mut().filter(|m| m.place.0 == f) {
                marker.place = at;
            }
            rare.on_heap.retain(|&n| n != f);
        }
        self.len.set(self.len.get() - 1);
        self.words.set(self.words.get() - m.size());
        Some(m)
    }
    /// Takes out the oldest message.
    pub(crate) fn pop(&self) -> Option<Message> {
        self.reset();
        self.unlink_current()
    }

    /// Before a collection: the message under inspection moves to the heap, since registers may refer to its inside.
    pub(crate) fn before_collection(&self, arena: &Arena) {
        if self.inspected.get() {
            self.move_current_to_heap(arena);
        }
    }
    /// Calls `f` with the word of every message's term that lies on the heap.
    pub(crate) fn roots(&self, f: &mut dyn FnMut(&mut [RawTerm])) {
        for &n in self.rare.borrow().on_heap.iter() {
            // SAFETY: nodes on the list are in the queue.
            f(std::slice::from_mut(unsafe { &mut (*head(n)).term }));
        }
    }
    fn move_current_to_heap(&self, arena: &Arena) {
        let at = self.save.get();
        let old = self.after(at);
        // SAFETY: `old` is a node of this queue.
        if old.is_null() || unsafe { (*old).used == HEAD_WORDS && (*old).next.is_null() } {
            return;
        }
        // SAFETY: the old node leaves the queue here; the fresh one takes its place with the same term.
        unsafe {
            let Head { link, term, signal, .. } = *head(old);
            (*head(old)).signal = null_mut();
            let fresh = Message::with_head(Message::empty_fragment(), term, signal).into_raw();
            (*head(fresh)).link = link;
            self.link_after(at, fresh);
            if self.last.get() == old {
                self.last.set(fresh);
            }
            if self.last_priority.get().0 == old {
                self.last_priority.set(Place(fresh));
            }
            let mut rare = self.rare.borrow_mut();
            for m in rare.markers.iter_mut().filter(|m| m.place.0 == old) {
                m.place = Place(fresh);
            }
            rare.on_heap.push(fresh);
            drop(rare);
            let moved = Message(old);
            self.words.set(self.words.get() - moved.size());
            arena.adopt_fragments(moved.into_raw());
        }
    }
    /// Makes the messages independent of literals in `ranges`: those that refer to them get a copy of their own. Messages
    /// on the heap are left out, the collector has seen to them.
    pub(crate) fn purge(&self, ranges: &Ranges) {
        let rare = self.rare.borrow();
        let on_heap = &rare.on_heap;
        let mut n = self.first.get();
        while !n.is_null() {
            // SAFETY: n is a node of this queue; its term and fragments are its own unless it is on the heap. Nothing
            // refers to the old fragments once the term is replaced.
            unsafe {
                if !on_heap.contains(&n) && refers(n, ranges) {
                    let before = ManuallyDrop::new(Message(n)).size();
                    let copy = (*head(n)).term;
                    let (term, frags) = crate::term::copy::detach(copy.brand()).into_parts();
                    (*head(n)).term = term;
                    drop(Detached::from_parts(RawTerm::NIL, std::mem::replace(&mut (*n).next, frags)));
                    self.words.set(self.words.get() - before + ManuallyDrop::new(Message(n)).size());
                }
                n = (*head(n)).link;
            }
        }
    }
    /// Shows the terms of all messages, oldest first.
    pub fn for_each(&self, mut f: impl for<'s> FnMut(Term<'s>)) {
        let mut n = self.first.get();
        while !n.is_null() {
            // SAFETY: nodes of this queue; their terms are alive, on the heap or in their own fragments.
            unsafe {
                f((*head(n)).term.brand());
                n = (*head(n)).link;
            }
        }
    }

    /// Reserves a marker at the end of the queue and gives its number.
    pub fn marker_reserve(&self) -> u32 {
        let mut rare = self.rare.borrow_mut();
        let all = &mut rare.markers;
        if all.len() == MARKERS {
            all.remove(0);
        }
        let id = self.next_marker.get();
        self.next_marker.set(id.wrapping_add(1));
        all.push(Marker { id, bound: None, place: Place(self.last.get()) });
        id
    }
    /// Goes on with another number for the next marker.
    pub fn set_next_marker(&self, id: u32) {
        self.next_marker.set(id);
    }
    /// Binds a reserved marker to a reference.
    pub fn marker_bind(&self, id: u32, reference: [u32; 3]) {
        if let Some(m) = self.rare().iter_mut().flat_map(|r| &mut r.markers).find(|m| m.id == id) {
            m.bound = Some(reference);
        }
    }
    /// Gives up a reserved marker.
    pub fn marker_release(&self, id: u32) {
        if let Some(mut r) = self.rare() {
            r.markers.retain(|m| m.id != id);
        }
    }
    /// Gives up the markers bound to a reference.
    pub fn marker_clear(&self, reference: [u32; 3]) {
        if let Some(mut r) = self.rare() {
            r.markers.retain(|m| m.bound != Some(reference));
        }
    }
    /// Moves the save pointer to the marker bound to a reference, if there is one.
    pub fn marker_use(&self, reference: [u32; 3]) {
        if let Some(m) = self.rare.borrow().markers.iter().find(|m| m.bound == Some(reference)) {
            self.save.set(m.place);
            self.inspected.set(false);
        }
    }
}

impl Drop for MessageQueue {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(i: i32) -> Message {
        Message::copy_of(Term::small(i))
    }
    fn queue(values: &[i32]) -> MessageQueue {
        let q = MessageQueue::default();
        values.iter().for_each(|&i| q.push(int(i)));
        q
    }
    fn content(q: &MessageQueue) -> Vec<i64> {
        let mut v = Vec::new();
        q.for_each(|t| v.push(t.as_small().unwrap_or(-1)));
        assert_eq!(v.len(), q.len());
        v
    }
    fn receive(q: &MessageQueue, value: i64) {
        let arena = Arena::empty();
        while q.current().expect("value is in the queue").as_small() != Some(value) {
            q.advance();
        }
        q.receive(&arena);
    }

    #[test]
    fn selective_receive_keeps_order() {
        let q = queue(&[1, 2, 3, 4]);
        receive(&q, 3);
        assert_eq!(content(&q), [1, 2, 4]);
        receive(&q, 4);
        q.push(int(5));
        assert_eq!(content(&q), [1, 2, 5]);
        receive(&q, 1);
        receive(&q, 2);
        receive(&q, 5);
        assert!(q.is_empty() && q.current().is_none());
        q.push(int(6));
        assert_eq!(content(&q), [6]);
    }

    #[test]
    fn the_save_pointer_passes_new_messages_only() {
        let q = queue(&[1, 2]);
        while q.current().is_some() {
            q.advance();
        }
        q.push(int(3));
        assert_eq!(q.current(), Some(RawTerm::small(3)));
        q.reset();
        assert_eq!(q.current(), Some(RawTerm::small(1)));
    }

    #[test]
    fn markers_skip_older_messages_and_survive_removals() {
        let r = [1, 2, 3];
        let q = queue(&[1, 2]);
        let id = q.marker_reserve();
        q.marker_bind(id, r);
        q.push(int(3));
        q.marker_use(r);
        assert_eq!(q.current(), Some(RawTerm::small(3)));
        q.reset();
        receive(&q, 2);
        q.marker_use(r);
        assert_eq!(q.current(), Some(RawTerm::small(3)));
        q.reset();
        receive(&q, 1);
        q.marker_use(r);
        assert_eq!(q.current(), Some(RawTerm::small(3)));
        q.marker_clear(r);
        q.reset();
        q.marker_use(r);
        assert_eq!(q.current(), Some(RawTerm::small(3)));
    }

    #[test]
    fn the_oldest_marker_is_reused() {
        let q = queue(&[0]);
        for i in 0..=MARKERS as u32 {
            q.marker_bind(q.marker_reserve(), [i, 0, 0]);
        }
        q.push(int(7));
        q.marker_use([0, 0, 0]);
        assert_eq!(q.current(), Some(RawTerm::small(0)), "the first marker is gone");
        q.marker_use([1, 0, 0]);
        assert_eq!(q.current(), Some(RawTerm::small(7)));
    }

    #[test]
    fn priority_messages_overtake_in_order() {
        let q = queue(&[1, 2]);
        q.advance();
        q.push_priority(int(10));
        q.push_priority(int(11));
        assert_eq!(content(&q), [10, 11, 1, 2]);
        receive(&q, 11);
        q.push_priority(int(12));
        assert_eq!(content(&q), [10, 12, 1, 2]);
        receive(&q, 10);
        receive(&q, 12);
        q.push_priority(int(13));
        assert_eq!(content(&q), [13, 1, 2]);
    }

    #[test]
    fn an_inspected_message_moves_to_the_heap() {
        let q = MessageQueue::default();
        let arena = Arena::empty();
        q.push(Message::build(|b| b.tuple(&[Term::small(1)])));
        q.push(int(2));
        let seen = q.current().expect("first message");
        let mut roots = Vec::new();
        q.before_collection(&arena);
        q.roots(&mut |r| roots.extend_from_slice(r));
        assert_eq!(roots, [seen]);
        assert!(!arena.frags.get().is_null());
        q.before_collection(&arena);
        q.roots(&mut |r| r[0] = RawTerm::small(9));
        assert_eq!(q.current(), Some(RawTerm::small(9)));
        q.receive(&arena);
        assert_eq!(content(&q), [2]);
    }

    #[test]
    fn signals_ride_on_messages() {
        let m = int(1).with_signal(Signal::Alias([1, 2, 3]));
        assert!(m.is_signal());
        assert!(matches!(m.take_signal().as_deref(), Some(Signal::Alias([1, 2, 3]))));
        assert!(!m.is_signal());
        m.with_term(|t| assert_eq!(t.as_small(), Some(1)));
    }
}
