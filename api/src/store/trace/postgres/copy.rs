//! `COPY … FROM STDIN (FORMAT BINARY)`: the quickest way into a table. The format is that of PostgreSQL's documentation,
//! under "COPY", "Binary Format": a signature, rows of fields with their lengths before them, an end mark.

use shared::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::{moment::Moment, trace::StoreError};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// No flags, no header extension.
const HEADER: &[u8] = &[0; 8];
const END: i16 = -1;
const NULL: i32 = -1;
/// Bytes sent at once.
const CHUNK: usize = 256 * 1024;

/// Rows, as the server takes them. Each field must be of exactly its column's type.
pub(super) struct Rows {
    bytes: Vec<u8>,
    count: usize,
}

impl Rows {
    /// Has room for about so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        let mut rows = Self { bytes: Vec::with_capacity(bytes), count: 0 };
        rows.bytes.extend_from_slice(SIGNATURE);
        rows.bytes.extend_from_slice(HEADER);
        rows
    }

    /// Begins a row of so many fields.
    pub(super) fn row(&mut self, fields: i16) -> &mut Self {
        self.count += 1;
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        self
    }

    /// A field whose bytes are these. A value is never longer than a request may be, which is far below 2 GiB.
    fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&NULL.to_be_bytes());
        self
    }

    /// BIGINT.
    pub(super) fn bigint(&mut self, value: i64) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// BIGINT or NULL.
    pub(super) fn bigint_or_null(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.bigint(value),
            None => self.null(),
        }
    }

    /// INTEGER.
    pub(super) fn integer(&mut self, value: i32) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// SMALLINT.
    pub(super) fn smallint(&mut self, value: i16) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    /// TIMESTAMPTZ.
    pub(super) fn moment(&mut self, value: Timestamp) -> &mut Self {
        self.bigint(Moment(value).to_postgres())
    }

    /// UUID.
    pub(super) fn uuid(&mut self, value: Uuid) -> &mut Self {
        self.field(value.as_bytes())
    }

    /// TEXT.
    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.field(value.as_bytes())
    }

    /// TEXT or NULL.
    pub(super) fn text_or_null(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// BYTEA.
    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.field(value)
    }

    /// Sends the rows: `statement` names the table and its columns in the order of the fields.
    pub(super) async fn copy(
        mut self,
        connection: &mut PgConnection,
        statement: &'static str,
    ) -> Result<(), StoreError> {
        if self.count == 0 {
            return Ok(());
        }
        self.bytes.extend_from_slice(&END.to_be_bytes());
        let mut copy = connection.copy_in_raw(statement).await?;
        for chunk in self.bytes.chunks(CHUNK) {
            copy.send(chunk).await?;
        }
        copy.finish().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_fields_with_their_lengths_before_them() {
        let mut rows = Rows::with_capacity(64);
        rows.row(3).smallint(7).text("é").bigint_or_null(None);
        let row = [0, 3, 0, 0, 0, 2, 0, 7, 0, 0, 0, 2, 0xc3, 0xa9, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(rows.bytes, [SIGNATURE, HEADER, &row].concat());
    }
}
