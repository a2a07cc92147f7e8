//! User tags for dynamic tracing (`dtrace`, SystemTap): this VM has no probes, so there is never a tag.

use girder_vm::{Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "dt_append_vm_tag_data"/1 => same_1, Bif;
        "dt_get_tag"/0 => no_tag_0, Bif;
        "dt_get_tag_data"/0 => no_tag_0, Bif;
        "dt_prepend_vm_tag_data"/1 => same_1, Bif;
        "dt_put_tag"/1 => no_tag_0, Bif;
        "dt_restore_tag"/1 => nothing_to_do_1, Bif;
        "dt_spread_tag"/1 => spread_tag_1, Bif;
    }
}

/// There is no tag, and none is kept.
fn no_tag_0<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(am::UNDEFINED.into())
}

/// Data without a tag.
fn same_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(a[0])
}

/// Whether a tag is to be sent along: nothing changes.
fn spread_tag_1<'s>(_: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    a[0].as_bool().ok_or(Raise::Badarg)?;
    Ok(Term::TRUE)
}

fn nothing_to_do_1<'s>(_: &Ctx<'s>, _: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    Ok(Term::TRUE)
}
