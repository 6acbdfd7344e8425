//! Telephone numbers in E.164.

/// Calling codes by country, with the trunk prefix that is dialled inside the country and not from outside.
/// Numbering plans: ITU-T E.164 and E.123; countries without a trunk prefix have an empty one.
const COUNTRIES: [(&str, &str, &str); 66] = [
    ("AE", "971", "0"),
    ("AR", "54", "0"),
    ("AT", "43", "0"),
    ("AU", "61", "0"),
    ("BE", "32", "0"),
    ("BG", "359", "0"),
    ("BR", "55", "0"),
    ("CA", "1", "1"),
    ("CH", "41", "0"),
    ("CL", "56", ""),
    ("CN", "86", "0"),
    ("CO", "57", "0"),
    ("CY", "357", ""),
    ("CZ", "420", ""),
    ("DE", "49", "0"),
    ("DK", "45", ""),
    ("EE", "372", ""),
    ("EG", "20", "0"),
    ("ES", "34", ""),
    ("FI", "358", "0"),
    ("FO", "298", ""),
    ("FR", "33", "0"),
    ("GB", "44", "0"),
    ("GL", "299", ""),
    ("GR", "30", ""),
    ("HK", "852", ""),
    ("HR", "385", "0"),
    ("HU", "36", "06"),
    ("ID", "62", "0"),
    ("IE", "353", "0"),
    ("IL", "972", "0"),
    ("IN", "91", "0"),
    ("IS", "354", ""),
    ("IT", "39", ""),
    ("JP", "81", "0"),
    ("KE", "254", "0"),
    ("KR", "82", "0"),
    ("LI", "423", ""),
    ("LT", "370", "8"),
    ("LU", "352", ""),
    ("LV", "371", ""),
    ("MT", "356", ""),
    ("MX", "52", ""),
    ("MY", "60", "0"),
    ("NG", "234", "0"),
    ("NL", "31", "0"),
    ("NO", "47", ""),
    ("NZ", "64", "0"),
    ("PH", "63", "0"),
    ("PK", "92", "0"),
    ("PL", "48", ""),
    ("PT", "351", ""),
    ("RO", "40", "0"),
    ("RS", "381", "0"),
    ("SA", "966", "0"),
    ("SE", "46", "0"),
    ("SG", "65", ""),
    ("SI", "386", "0"),
    ("SK", "421", "0"),
    ("TH", "66", "0"),
    ("TR", "90", "0"),
    ("TW", "886", "0"),
    ("UA", "380", "0"),
    ("US", "1", "1"),
    ("VN", "84", "0"),
    ("ZA", "27", "0"),
];

/// Whether the country can be used as a default.
pub(crate) fn is_known(country: &str) -> bool {
    COUNTRIES.iter().any(|(c, _, _)| *c == country)
}

/// The number in E.164, or `None` when it isn't one or needs a country that isn't given.
///
/// Only the form is judged: 8 to 15 digits, none of the area codes are known.
pub(crate) fn e164(raw: &str, country: Option<&str>) -> Option<String> {
    let mut text = raw.trim();
    text = text.strip_prefix("tel:").unwrap_or(text);
    let mut plus = false;
    let mut digits = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '+' if digits.is_empty() && !plus => plus = true,
            // "+44 (0)20 …": the trunk prefix in brackets is for callers inside the country.
            '(' if plus && chars.peek() == Some(&'0') => {
                let mut ahead = chars.clone();
                ahead.next();
                if ahead.next() == Some(')') {
                    chars = ahead;
                }
            }
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2010}'..='\u{2013}' => {}
            _ => return None,
        }
    }
    let full = if plus {
        digits
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        let (_, code, trunk) = COUNTRIES.iter().find(|(c, _, _)| Some(*c) == country)?;
        let national = if trunk.is_empty() { &digits } else { digits.strip_prefix(trunk).unwrap_or(&digits) };
        // A number of three digits is an extension or a short code, reachable from nowhere else.
        if national.len() < 5 {
            return None;
        }
        format!("{code}{national}")
    };
    ((8..=15).contains(&full.len()) && !full.starts_with('0')).then(|| format!("+{full}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_e164_or_nothing() {
        let of = |raw: &str, country: Option<&str>| e164(raw, country);
        assert_eq!(of("+45 12 34 56 78", None).as_deref(), Some("+4512345678"));
        assert_eq!(of("0045-12345678", None).as_deref(), Some("+4512345678"));
        assert_eq!(of("12 34 56 78", Some("DK")).as_deref(), Some("+4512345678"));
        assert_eq!(of("030 / 1234567", Some("DE")).as_deref(), Some("+49301234567"));
        assert_eq!(of("+44 (0)20 7946 0958", None).as_deref(), Some("+442079460958"));
        assert_eq!(of("(212) 555-0100", Some("US")).as_deref(), Some("+12125550100"));
        assert_eq!(of("tel:+1-212-555-0100", None).as_deref(), Some("+12125550100"));
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for raw in
            ["", "ask Bob", "12345678", "+0123456789", "+1234567890123456", "123 ext 4", "++4512345678"]
        {
            assert_eq!(e164(raw, None), None, "{raw}");
        }
        assert_eq!(e164("112", Some("DK")), None);
    }

    #[test]
    fn countries_are_listed_once_and_in_order() {
        assert!(COUNTRIES.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
