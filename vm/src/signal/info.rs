//! placeholder
use super::ReplyTo;
use crate::process::Process;
/// What is asked.
pub struct Request;
/// Answers.
pub(crate) fn answer(_p: &Process, to: ReplyTo, _r: &Request) {
    to.reply_atom(crate::atom::am::UNDEFINED);
}
