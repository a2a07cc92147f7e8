//! What holds between two instructions: registers, frame, reserved heap.

use super::facts::Fact;

/// A register: a fact, and a number that is equal in two registers only if they hold the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reg {
    pub(super) value: u32,
    pub(super) fact: Fact,
}

impl Reg {
    pub(super) const DEAD: Reg = Reg { value: 0, fact: Fact::Dead };
}

/// The stack frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    None,
    /// As many Y registers as `State::y` has.
    Known,
    /// Code that is reached with frames of different sizes and can only raise: `State::y` has the
    /// slots that all of them have, and all slots are initialised.
    Mixed,
}

/// What instructions reserved on the heap and others have not used yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reserved {
    pub(super) words: u64,
    pub(super) floats: u64,
    pub(super) funs: u64,
}

/// Float registers that hold a number. The first 256 are told apart; others never count as set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FloatRegs([u64; 4]);

impl FloatRegs {
    pub(super) fn set(&mut self, register: u16) {
        if let Some(word) = self.0.get_mut(usize::from(register / 64)) {
            *word |= 1 << (register % 64);
        }
    }

    pub(super) fn is_set(&self, register: u16) -> bool {
        self.0.get(usize::from(register / 64)).is_some_and(|word| word >> (register % 64) & 1 != 0)
    }

    fn merge(&mut self, other: &FloatRegs) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= other;
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// X registers; those beyond the end are dead.
    pub(super) x: Vec<Reg>,
    pub(super) y: Vec<Reg>,
    pub(super) frame: Frame,
    /// The instruction that made the frame, if it is the same on all ways.
    pub(super) allocated: Option<u32>,
    pub(super) reserved: Reserved,
    pub(super) floats: FloatRegs,
    /// A binary is under construction.
    pub(super) constructing: bool,
    /// An exception has just come here: the X registers are the exception's.
    pub(super) raised: bool,
    /// The value that `setelement/3` has just returned and that may be updated in place.
    pub(super) fresh_tuple: Option<u32>,
}

/// Why two states cannot be joined.
pub(super) enum Unjoinable {
    Frames,
    Tags,
}

impl State {
    /// At a function's entry: its arguments.
    pub(super) fn entry(arguments: impl Iterator<Item = Reg>) -> State {
        State {
            x: arguments.collect(),
            y: Vec::new(),
            frame: Frame::None,
            allocated: None,
            reserved: Reserved::default(),
            floats: FloatRegs::default(),
            constructing: false,
            raised: false,
            fresh_tuple: None,
        }
    }

    /// Joins the state of another way to the same place. `fresh` numbers values.
    pub(super) fn join(&mut self, other: &State, fresh: &mut u32) -> Result<(), Unjoinable> {
        self.x.truncate(other.x.len());
        for (mine, theirs) in self.x.iter_mut().zip(&other.x) {
            *mine = join_reg(*mine, *theirs, fresh)?;
        }
        if self.frame != other.frame || self.y.len() != other.y.len() || self.frame == Frame::Mixed {
            self.mix_frames(other)?;
        }
        for (mine, theirs) in self.y.iter_mut().zip(&other.y) {
            *mine = join_reg(*mine, *theirs, fresh)?;
        }
        self.reserved.words = self.reserved.words.min(other.reserved.words);
        self.reserved.floats = self.reserved.floats.min(other.reserved.floats);
        self.reserved.funs = self.reserved.funs.min(other.reserved.funs);
        self.floats.merge(&other.floats);
        if self.allocated != other.allocated {
            self.allocated = None;
        }
        self.constructing &= other.constructing;
        self.raised &= other.raised;
        if self.fresh_tuple != other.fresh_tuple {
            self.fresh_tuple = None;
        }
        Ok(())
    }

    /// Frames of different sizes may meet where only an exception can follow.
    fn mix_frames(&mut self, other: &State) -> Result<(), Unjoinable> {
        if [&self.y, &other.y].into_iter().flatten().any(|slot| slot.fact == Fact::Dead) {
            return Err(Unjoinable::Frames);
        }
        let common = self.y.len().min(other.y.len());
        if self.y[common..].iter().chain(&other.y[common..]).any(|slot| slot.fact.is_tag()) {
            return Err(Unjoinable::Tags);
        }
        self.y.truncate(common);
        self.frame = Frame::Mixed;
        Ok(())
    }

    /// Whether `other` promises all that this state does. Values are not compared.
    pub(super) fn covers(&self, other: &State) -> bool {
        let mut joined = self.clone();
        if joined.join(other, &mut 0).is_err() {
            return false;
        }
        let same = |a: &[Reg], b: &[Reg]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.fact == b.fact);
        same(&joined.x, &self.x)
            && same(&joined.y, &self.y)
            && joined.frame == self.frame
            && joined.reserved == self.reserved
            && joined.floats == self.floats
            && joined.constructing == self.constructing
            && joined.raised == self.raised
    }

    /// Kills X registers from `live` on.
    pub(super) fn prune(&mut self, live: usize) {
        self.x.truncate(live);
    }

    /// Forgets what was reserved: a collection may follow.
    pub(super) fn forget_heap(&mut self) {
        self.reserved = Reserved::default();
        self.constructing = false;
        self.fresh_tuple = None;
    }

    /// What survives a call or a wait: the frame.
    pub(super) fn forget_all_but_frame(&mut self) {
        self.x.clear();
        self.floats = FloatRegs::default();
        self.forget_heap();
    }

    /// Notes what is known of a value wherever it is held.
    pub(super) fn refine(&mut self, value: u32, with: impl Fn(Fact) -> Fact) {
        for register in self.x.iter_mut().chain(&mut self.y) {
            if register.value == value {
                register.fact = with(register.fact);
            }
        }
    }

    /// Gives every register a value of its own: which ones are equal is no longer known.
    pub(super) fn separate_values(&mut self, fresh: &mut u32) {
        for register in self.x.iter_mut().chain(&mut self.y) {
            *fresh += 1;
            register.value = *fresh;
        }
        self.fresh_tuple = None;
    }

    /// Whether the frame holds or may hold a catch tag.
    pub(super) fn has_tag(&self) -> bool {
        self.y.iter().any(|slot| slot.fact.is_tag())
    }
}

fn join_reg(mine: Reg, theirs: Reg, fresh: &mut u32) -> Result<Reg, Unjoinable> {
    let fact = mine.fact.merge(theirs.fact).ok_or(Unjoinable::Tags)?;
    if mine.value == theirs.value {
        return Ok(Reg { value: mine.value, fact });
    }
    *fresh += 1;
    Ok(Reg { value: *fresh, fact })
}
