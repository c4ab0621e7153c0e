//! The clock, the window and the document of the browser, and dates in the language and time zone of the reader.

use js_sys::{Array, Date, Function, Intl::DateTimeFormat, Object, Reflect};
use shared::Timestamp;
use wasm_bindgen::JsValue;

/// Returns the current time.
pub fn now() -> Timestamp {
    timestamp(Date::now())
}

/// Returns the window.
pub fn window() -> web_sys::Window {
    #[expect(clippy::expect_used, reason = "the application only runs in a browser")]
    web_sys::window().expect("a window")
}

/// Returns the document.
pub fn document() -> web_sys::Document {
    #[expect(clippy::expect_used, reason = "the application only runs in a browser")]
    window().document().expect("a document")
}

/// The style of a formatted date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Day, month, year, hour, minute, second.
    Full,
    /// Day, month, hour, minute.
    Short,
    /// Day, month, hour, minute, second.
    Exact,
    /// Hour and minute.
    Time,
    /// Day and month.
    Day,
    /// Day, month, year.
    Date,
}

impl Style {
    const ALL: [Self; 6] = [Self::Full, Self::Short, Self::Exact, Self::Time, Self::Day, Self::Date];

    const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Full => &[("dateStyle", "medium"), ("timeStyle", "medium")],
            Self::Short => {
                &[("month", "short"), ("day", "numeric"), ("hour", "2-digit"), ("minute", "2-digit")]
            }
            Self::Exact => &[
                ("month", "short"),
                ("day", "numeric"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
                ("second", "2-digit"),
            ],
            Self::Time => &[("hour", "2-digit"), ("minute", "2-digit")],
            Self::Day => &[("month", "short"), ("day", "numeric")],
            Self::Date => &[("dateStyle", "medium")],
        }
    }

    fn format(self) -> Function {
        let options = Object::new();
        for (name, value) in self.options() {
            // Setting a property only fails on a frozen object.
            drop(Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value)));
        }
        DateTimeFormat::new(&Array::new(), &options).format()
    }
}

thread_local! {
    // Creating a format is a hundred times slower than using it.
    static FORMATS: [Function; 6] = Style::ALL.map(Style::format);
}

/// Formats `at` in the language and time zone of the reader.
pub fn date(at: Timestamp, style: Style) -> String {
    let moment = Date::new(&JsValue::from_f64(millis(at)));
    let text = FORMATS.with(|formats| formats[style as usize].call1(&JsValue::UNDEFINED, &moment));
    text.ok().and_then(|text| text.as_string()).unwrap_or_else(|| at.to_string())
}

/// Returns the offset of the local time zone from UTC at the time `at`, in minutes.
pub fn offset_minutes(at: Timestamp) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most a day of minutes")]
    let behind = Date::new(&JsValue::from_f64(millis(at))).get_timezone_offset() as i64;
    -behind
}

/// Formats `at` in the local time zone for `<input type="datetime-local">`: `2025-10-22T12:35`.
pub fn to_local_input(at: Timestamp) -> String {
    let shifted = Timestamp::from_millis(at.as_millis() + offset_minutes(at) * 60_000);
    shifted.to_string().chars().take(16).collect()
}

/// Parses the value of such an input.
pub fn from_local_input(text: &str) -> Option<Timestamp> {
    let millis = Date::parse(text);
    millis.is_finite().then(|| timestamp(millis))
}

#[expect(clippy::cast_possible_truncation, reason = "Date holds whole milliseconds within ±8.64e15")]
fn timestamp(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as i64)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds need 43 of the 53 bits")]
fn millis(at: Timestamp) -> f64 {
    at.as_millis() as f64
}
