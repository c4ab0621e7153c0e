//! The price file: a JSON array of prices in the format of the API.

use std::{fs, path::Path};

use shared::price::PriceRequest;

use super::setting::{InvalidSetting, Settings, invalid};

/// Reads the file that `PRICES_FILE` names; empty if it is not set.
pub(super) fn read(settings: &Settings<'_>) -> Result<Vec<PriceRequest>, InvalidSetting> {
    let Some(path) = settings.text("PRICES_FILE") else { return Ok(Vec::new()) };
    load(Path::new(&path)).map_err(|expected| invalid("PRICES_FILE", path, expected))
}

/// Reads and validates a file.
///
/// # Errors
/// Returns what is expected, what is wrong and where.
fn load(path: &Path) -> Result<Vec<PriceRequest>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("a readable file ({error})"))?;
    parse(&text).map_err(|detail| format!("a file with a JSON array of prices ({detail})"))
}

fn parse(text: &str) -> Result<Vec<PriceRequest>, String> {
    let prices: Vec<PriceRequest> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for (index, price) in prices.iter().enumerate() {
        if let Some(wrong) = price.validate().first() {
            return Err(format!("[{index}].{}: {}", wrong.field, wrong.detail));
        }
    }
    Ok(prices)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn errors_name_what_is_wrong_and_where() {
        let good = r#"{"model": "m", "input_usd_per_million": 1, "output_usd_per_million": 2.5}"#;
        assert_eq!(parse(&format!("[{good}]")).unwrap()[0].output_usd_per_million, 2.5);
        let bad = r#"{"model": "m", "input_usd_per_million": -1, "output_usd_per_million": 2.5}"#;
        assert!(
            parse(&format!("[{good}, {bad}]")).unwrap_err().starts_with("[1].input_usd_per_million: must be")
        );
        assert!(parse("{}").unwrap_err().contains("line 1"));
        assert!(parse("[{}]").unwrap_err().contains("model"));
        assert!(load(Path::new("/nowhere/prices.json")).unwrap_err().contains("readable file"));
    }
}
