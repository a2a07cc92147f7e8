//! Calendar time in the operating system's time zone, and the Gregorian calendar.
//!
//! Invariant: dates that come in are checked by [`Date::is_valid`] before anything is computed from them.

use std::mem::MaybeUninit;

/// A date and a time of day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    /// Year.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day, from 1.
    pub day: i64,
    /// Hour.
    pub hour: i64,
    /// Minute.
    pub minute: i64,
    /// Second.
    pub second: i64,
}

const DAY: i64 = 86_400;

impl Date {
    /// Whether the date exists and can be converted: years from 1 on that fit the system's calendar.
    pub fn is_valid(&self) -> bool {
        let Date { year, month, day, hour, minute, second } = *self;
        (-2_000_000_000..=2_000_000_000).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
    }
    /// Seconds since 1970 of a date in universal time.
    pub fn to_posix(&self) -> i64 {
        days_before(self.year, self.month, self.day) * DAY + self.hour * 3600 + self.minute * 60 + self.second
    }
    /// The date in universal time.
    pub fn from_posix(t: i64) -> Date {
        let (days, rest) = (t.div_euclid(DAY), t.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        Date { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }
    /// The date in local time; `None` if the system cannot tell.
    pub fn local(t: i64) -> Option<Date> {
        let mut tm = MaybeUninit::<libc::tm>::zeroed();
        // SAFETY: both pointers are to memory of ours; a null result means that nothing was filled in.
        let tm = unsafe {
            if libc::localtime_r(&raw const t, tm.as_mut_ptr()).is_null() {
                return None;
            }
            tm.assume_init()
        };
        Some(Date {
            year: i64::from(tm.tm_year) + 1900,
            month: i64::from(tm.tm_mon) + 1,
            day: i64::from(tm.tm_mday),
            hour: i64::from(tm.tm_hour),
            minute: i64::from(tm.tm_min),
            second: i64::from(tm.tm_sec),
        })
    }
    /// Seconds since 1970 of a valid date in local time; `dst` tells whether summer time is meant, if that is known.
    pub fn local_to_posix(&self, dst: Option<bool>) -> Option<i64> {
        let mut tm = MaybeUninit::<libc::tm>::zeroed();
        let field = |v: i64| i32::try_from(v).ok();
        // SAFETY: all zeros is a valid tm; mktime reads and normalises it.
        let t = unsafe {
            let p = tm.as_mut_ptr();
            (*p).tm_year = field(self.year - 1900)?;
            (*p).tm_mon = field(self.month - 1)?;
            (*p).tm_mday = field(self.day)?;
            (*p).tm_hour = field(self.hour)?;
            (*p).tm_min = field(self.minute)?;
            (*p).tm_sec = field(self.second)?;
            (*p).tm_isdst = dst.map_or(-1, i32::from);
            libc::mktime(p)
        };
        // -1 is an error, or the second before 1970.
        (t != -1 || self.year == 1969 || self.year == 1970).then_some(t)
    }
}

/// Days in a month.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, by eras of 400 years that begin on a first of March.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Inverse of [`days_before`].
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let m = (5 * of_year + 2) / 153;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let y = year + era * 400;
    (if month <= 2 { y + 1 } else { y }, month, of_year - (153 * m + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i64, month: i64, day: i64) -> Date {
        Date { year, month, day, hour: 0, minute: 0, second: 0 }
    }

    #[test]
    fn known_dates() {
        for (d, t) in [
            (date(1970, 1, 1), 0),
            (date(2000, 2, 29), 951_782_400),
            (date(1969, 12, 31), -DAY),
            (date(1, 1, 1), -62_135_596_800),
            (date(2038, 1, 20), 2_147_558_400),
        ] {
            assert_eq!(d.to_posix(), t);
            assert_eq!(Date::from_posix(t), d);
        }
    }

    #[test]
    fn every_day_of_some_centuries_comes_back() {
        for day in -200_000..200_000 {
            let d = Date::from_posix(day * DAY + 3661);
            assert!(d.is_valid());
            assert_eq!(d.to_posix(), day * DAY + 3661);
        }
    }

    #[test]
    fn wrong_dates_are_refused() {
        for d in [date(2001, 2, 29), date(2000, 13, 1), date(2000, 4, 31), Date { hour: 24, ..date(2000, 1, 1) }] {
            assert!(!d.is_valid());
        }
        assert!(date(2000, 2, 29).is_valid());
    }
}
