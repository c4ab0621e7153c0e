//! Decompresses bodies without exceeding their limit: decoders produce output in small steps, and the first excess
//! byte stops them.

use std::io::{self, ErrorKind, Write};

use actix_web::http::header::{self, HeaderMap};
use flate2::write::{MultiGzDecoder, ZlibDecoder};

use crate::error::ApiError;

/// The detail of the 415 response.
const ENCODINGS: &str = "Content-Encoding must be gzip, deflate or identity";

/// The compression of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentCoding {
    Identity,
    Gzip,
    /// With a zlib header, as specified for HTTP.
    Deflate,
}

impl ContentCoding {
    /// Reads the `Content-Encoding` header.
    ///
    /// # Errors
    /// Returns 415 if it is another encoding, or there are several.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut named = headers.get_all(header::CONTENT_ENCODING);
        let Some(name) = named.next() else { return Ok(Self::Identity) };
        let name = name.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            _ if named.next().is_some() => Err(ApiError::UnsupportedMediaType(ENCODINGS)),
            "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            _ => Err(ApiError::UnsupportedMediaType(ENCODINGS)),
        }
    }
}

/// Decompresses a body chunk by chunk.
pub(super) enum Decompressor {
    Identity(Bounded),
    Gzip(MultiGzDecoder<Bounded>),
    Deflate(ZlibDecoder<Bounded>),
}

impl Decompressor {
    /// Creates a decompressor for a body of at most `limit` bytes, with an initial capacity.
    pub(super) fn new(coding: ContentCoding, limit: usize, capacity: usize) -> Self {
        let body = Bounded { bytes: Vec::with_capacity(capacity), limit };
        match coding {
            ContentCoding::Identity => Self::Identity(body),
            ContentCoding::Gzip => Self::Gzip(MultiGzDecoder::new(body)),
            ContentCoding::Deflate => Self::Deflate(ZlibDecoder::new(body)),
        }
    }

    /// Adds the next chunk.
    ///
    /// # Errors
    /// Returns [`ErrorKind::FileTooLarge`] if the body exceeds the limit, and other errors if it cannot be
    /// decompressed.
    pub(super) fn add(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Identity(body) => body.write_all(piece),
            Self::Gzip(decoder) => decoder.write_all(piece),
            Self::Deflate(decoder) => decoder.write_all(piece),
        }
    }

    /// Returns the body if it is complete.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::add`].
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        let body = match self {
            Self::Identity(body) => body,
            Self::Gzip(decoder) => decoder.finish()?,
            Self::Deflate(decoder) => decoder.finish()?,
        };
        Ok(body.bytes)
    }
}

/// A buffer with a maximum size.
pub(super) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit - self.bytes.len() {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use flate2::{
        Compression,
        write::{GzEncoder, ZlibEncoder},
    };

    use super::*;

    const LIMIT: usize = 1024 * 1024;

    fn decompress(coding: ContentCoding, compressed: &[u8]) -> io::Result<Vec<u8>> {
        let mut decompressor = Decompressor::new(coding, LIMIT, 0);
        decompressor.add(compressed)?;
        decompressor.finish()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn decompresses_up_to_the_limit_and_not_one_byte_more() {
        let largest = vec![b' '; LIMIT];
        let larger = vec![b' '; LIMIT + 1];
        for (coding, compress) in [
            (ContentCoding::Identity, <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>),
            (ContentCoding::Gzip, gzip),
            (ContentCoding::Deflate, deflate),
        ] {
            assert_eq!(decompress(coding, &compress(&largest)).unwrap(), largest);
            let error = decompress(coding, &compress(&larger)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{coding:?}");
            if coding != ContentCoding::Identity {
                let compressed = compress(&largest);
                let error = decompress(coding, &compressed[..compressed.len() / 2]).unwrap_err();
                assert_ne!(error.kind(), ErrorKind::FileTooLarge, "truncated {coding:?}");
            }
        }
        assert_eq!(decompress(ContentCoding::Gzip, &[gzip(b"a"), gzip(b"b")].concat()).unwrap(), b"ab");
    }

    #[test]
    fn decompression_never_exceeds_the_limit_in_memory() {
        let mut decompressor = Decompressor::new(ContentCoding::Gzip, LIMIT, 0);
        decompressor.add(&gzip(&vec![0; 64 * LIMIT])).unwrap_err();
        let Decompressor::Gzip(decoder) = &decompressor else { unreachable!() };
        assert!(decoder.get_ref().bytes.capacity() <= 2 * LIMIT);
    }
}
