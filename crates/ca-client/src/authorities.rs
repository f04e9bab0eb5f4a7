//! The certificates of a CA: one root, and whom it let issue, of whom there is more than one while one follows the other.

use certificate::{Certificate, TrustStore};

/// The authorities that may lie on a way to the root of a CA, which is the last of its chain; `None` when that is no root.
pub(super) fn under_root<'a>(chain: &[Vec<u8>], named: impl Iterator<Item = &'a [u8]>) -> Option<TrustStore> {
    let mut store = TrustStore::default();
    store.add(Certificate::parse(chain.last()?).ok()?);
    if store.roots().is_empty() {
        return None;
    }
    for other in named.filter_map(|der| Certificate::parse(der).ok()) {
        // another root than that of the CA vouches for nothing
        store.add_intermediate(other);
    }
    Some(store)
}
