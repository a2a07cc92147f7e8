//! [`SavedX`]: the live X registers of a process that does not run.
//!
//! Invariant: a few registers lie in the process itself, more in memory that is taken when they are first needed and
//! kept for the next time; the length says how many are live, and where.

use crate::term::RawTerm;

/// Registers that need no memory of their own: module, function and arguments of a new process among them.
const FEW: usize = 3;

/// See the module's head.
#[expect(clippy::box_collection, reason = "one word while it is absent, as nearly always")]
pub struct SavedX {
    len: usize,
    few: [RawTerm; FEW],
    many: Option<Box<Vec<RawTerm>>>,
}

impl Default for SavedX {
    fn default() -> Self {
        SavedX { len: 0, few: [RawTerm::NIL; FEW], many: None }
    }
}

impl SavedX {
    /// Saves these.
    pub fn save(&mut self, x: &[RawTerm]) {
        self.len = x.len();
        match self.few.get_mut(..x.len()) {
            Some(few) => few.copy_from_slice(x),
            None => {
                let many = self.many.get_or_insert_default();
                many.clear();
                many.extend_from_slice(x);
            }
        }
    }
    /// Those saved.
    pub fn words(&mut self) -> &mut [RawTerm] {
        match &mut self.many {
            Some(many) if self.len > FEW => many,
            _ => &mut self.few[..self.len],
        }
    }
    /// None is live any more.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many() {
        let mut s = SavedX::default();
        for n in [0, 1, 3, 4, 200, 2, 5, 0] {
            let x: Vec<RawTerm> = (0..n).map(RawTerm::small).collect();
            s.save(&x);
            assert_eq!(s.words(), x);
        }
        s.save(&[RawTerm::NIL]);
        s.clear();
        assert!(s.words().is_empty());
    }
}
