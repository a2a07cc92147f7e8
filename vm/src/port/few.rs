//! [`Few`]: a map of few entries. Most ports are linked to one process, watched by none or one, and there may be many ports.
//!
//! Invariant: the entries are sorted by key, each key once.

/// See the module's head.
pub(super) struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Few(Vec::new())
    }
}

impl<K: Ord, V> Few<K, V> {
    fn find(&self, k: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(k))
    }
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
    pub(super) fn get(&self, k: &K) -> Option<&V> {
        self.find(k).ok().map(|i| &self.0[i].1)
    }
    pub(super) fn insert(&mut self, k: K, v: V) {
        self.remove(&k);
        self.insert_new(k, v);
    }
    /// The value that was there stays.
    pub(super) fn insert_new(&mut self, k: K, v: V) {
        if let Err(i) = self.find(&k) {
            if self.0.capacity() == 0 {
                self.0.reserve_exact(1);
            }
            self.0.insert(i, (k, v));
        }
    }
    pub(super) fn remove(&mut self, k: &K) -> Option<V> {
        self.find(k).ok().map(|i| self.0.remove(i).1)
    }
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(k, v)| (k, v))
    }
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, v)| v)
    }
}

impl<K, V> IntoIterator for Few<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_once() {
        let mut f = Few::default();
        [3, 1, 2, 1].into_iter().enumerate().for_each(|(i, k)| f.insert_new(k, i));
        assert_eq!(f.iter().collect::<Vec<_>>(), [(&1, &1), (&2, &2), (&3, &0)]);
        assert_eq!((f.remove(&2), f.remove(&2), f.get(&3), f.len()), (Some(2), None, Some(&0), 2));
        assert_eq!(f.values().sum::<usize>(), 1);
        assert_eq!(f.into_iter().map(|(k, _)| k).collect::<Vec<_>>(), [1, 3]);
    }
}
