//! The house rules that no compiler checks: who may call whom, where texts and colours live, and that texts and codes are
//! complete and none is left over.

mod rules;
mod source;
mod texts;
