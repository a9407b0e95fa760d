//! The one place of the server that reads the wall clock.

use time::OffsetDateTime;

/// Now, as RFC 3339 in UTC with milliseconds, always 24 characters: `2026-03-01T09:30:00.125Z`. The fixed width makes
/// the order of the texts that of the times.
#[allow(clippy::disallowed_methods, reason = "this is the port that reads the clock")]
pub fn now_rfc3339() -> String {
    rfc3339(OffsetDateTime::from(std::time::SystemTime::now()))
}

fn rfc3339(time: OffsetDateTime) -> String {
    let (date, clock) = (time.date(), time.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
        clock.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_fixed_width() {
        let time = OffsetDateTime::from_unix_timestamp(1_772_357_400).unwrap();
        assert_eq!(rfc3339(time), "2026-03-01T09:30:00.000Z");
        assert_eq!(rfc3339(time + time::Duration::milliseconds(7)), "2026-03-01T09:30:00.007Z");
    }
}
