//! Dates: local and universal time, and seconds since 1970.

use girder_vm::native::Raise;
use girder_vm::sys::calendar::Date;
use girder_vm::timer::clock;
use girder_vm::{Ctx, Term, am};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "date"/0 => date_0, Bif;
        "time"/0 => time_0, Bif;
        "localtime"/0 => localtime_0, Bif;
        "universaltime"/0 => universaltime_0, Bif;
        "localtime_to_universaltime"/2 => localtime_to_universaltime_2, Bif;
        "universaltime_to_localtime"/1 => universaltime_to_localtime_1, Bif;
        "universaltime_to_posixtime"/1 => universaltime_to_posixtime_1, Bif;
        "posixtime_to_universaltime"/1 => posixtime_to_universaltime_1, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

fn now() -> i64 {
    clock::os_system_ns().div_euclid(1_000_000_000)
}

fn local_now() -> Date {
    Date::local(now()).unwrap_or_else(|| Date::from_posix(now()))
}

/// The local time as C's `ctime` writes it, without the line's end.
pub(crate) fn date_text() -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let d = local_now();
    // 1970 began with a Thursday; both remainders are inside of their tables.
    let day = DAYS[d.to_posix().div_euclid(86_400).rem_euclid(7) as usize];
    let month = MONTHS[(d.month - 1).rem_euclid(12) as usize];
    format!("{day} {month} {:2} {:02}:{:02}:{:02} {}", d.day, d.hour, d.minute, d.second, d.year)
}

fn day<'s>(ctx: &Ctx<'s>, d: Date) -> Term<'s> {
    ctx.tuple(&[ctx.int(d.year), ctx.int(d.month), ctx.int(d.day)])
}

fn time_of_day<'s>(ctx: &Ctx<'s>, d: Date) -> Term<'s> {
    ctx.tuple(&[ctx.int(d.hour), ctx.int(d.minute), ctx.int(d.second)])
}

fn datetime<'s>(ctx: &Ctx<'s>, d: Date) -> Term<'s> {
    ctx.tuple(&[day(ctx, d), time_of_day(ctx, d)])
}

/// The first year whose local times OTP converts.
const FIRST_YEAR: i64 = 1902;

/// Reads `{{Y, M, D}, {H, M, S}}`, which must be a date that exists.
fn read(t: Term<'_>) -> Result<Date, Raise> {
    let parts = || {
        let [d, t] = t.as_tuple_of::<2>()?;
        let ([year, month, day], [hour, minute, second]) = (d.as_tuple_of::<3>()?, t.as_tuple_of::<3>()?);
        Some(Date {
            year: year.as_small()?,
            month: month.as_small()?,
            day: day.as_small()?,
            hour: hour.as_small()?,
            minute: minute.as_small()?,
            second: second.as_small()?,
        })
    };
    parts().filter(Date::is_valid).ok_or(Raise::Badarg)
}

/// As [`read`], for a conversion between local and universal time.
fn read_convertible(t: Term<'_>) -> Result<Date, Raise> {
    read(t).ok().filter(|d| d.year >= FIRST_YEAR).ok_or(Raise::Badarg)
}

fn date_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(day(ctx, local_now()))
}

fn time_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(time_of_day(ctx, local_now()))
}

fn localtime_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(datetime(ctx, local_now()))
}

fn universaltime_0<'s>(ctx: &Ctx<'s>, _args: &[Term<'s>]) -> Answer<'s> {
    Ok(datetime(ctx, Date::from_posix(now())))
}

fn localtime_to_universaltime_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let dst = match args[1].as_atom() {
        Some(am::TRUE) => Some(true),
        Some(am::FALSE) => Some(false),
        Some(am::UNDEFINED) => None,
        _ => return Err(Raise::Badarg),
    };
    let t = read_convertible(args[0])?.local_to_posix(dst).ok_or(Raise::Badarg)?;
    Ok(datetime(ctx, Date::from_posix(t)))
}

fn universaltime_to_localtime_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(datetime(ctx, Date::local(read_convertible(args[0])?.to_posix()).ok_or(Raise::Badarg)?))
}

fn universaltime_to_posixtime_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.int(read(args[0])?.to_posix()))
}

fn posixtime_to_universaltime_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let t = args[0].as_i64().filter(|t| t.unsigned_abs() < 1 << 56).ok_or(Raise::Badarg)?;
    Ok(datetime(ctx, Date::from_posix(t)))
}
