//! DER by hand, for the structures of GM/T 0009, 0010 and 0092 (X.690 §10, §11): elements are written from their parts and
//! read as slices of what was received, because a signature covers the received bytes and not what a library would make
//! of them. Nothing here recurses: a structure is only entered as deep as its reader asks.

use super::CryptoError;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Encode, Header, Length, Reader, SliceReader, Tag, TagNumber, Tagged};

/// An object identifier of the GM algorithms or structures.
const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// id-ecPublicKey.
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
/// The curve sm2p256v1, in envelopes also "SM2" as such.
pub(super) const SM2: ObjectIdentifier = oid("1.2.156.10197.1.301");
/// SM2 signature, in signed data.
pub(super) const SM2_SIGN: ObjectIdentifier = oid("1.2.156.10197.1.301.1");
/// SM2 key agreement; some write it for the encryption of a key.
pub(super) const SM2_EXCHANGE: ObjectIdentifier = oid("1.2.156.10197.1.301.2");
/// SM2 encryption.
pub(super) const SM2_ENCRYPT: ObjectIdentifier = oid("1.2.156.10197.1.301.3");
/// SM2 signature with SM3, in certificates.
pub(super) const SM2_WITH_SM3: ObjectIdentifier = oid("1.2.156.10197.1.501");
/// SM3.
pub(super) const SM3: ObjectIdentifier = oid("1.2.156.10197.1.401");
/// SM3 without a key.
pub(super) const SM3_PLAIN: ObjectIdentifier = oid("1.2.156.10197.1.401.1");
/// SM3 with a key; some write it for plain SM3.
pub(super) const SM3_KEYED: ObjectIdentifier = oid("1.2.156.10197.1.401.2");
/// SM4 as such.
pub(super) const SM4: ObjectIdentifier = oid("1.2.156.10197.1.104");
/// SM4-ECB.
pub(super) const SM4_ECB: ObjectIdentifier = oid("1.2.156.10197.1.104.1");
/// SM4-CBC.
pub(super) const SM4_CBC: ObjectIdentifier = oid("1.2.156.10197.1.104.2");
/// Content type "data", of GM/T 0010 and of PKCS#7.
pub(super) const DATA: [ObjectIdentifier; 2] = [oid("1.2.156.10197.6.1.4.2.1"), oid("1.2.840.113549.1.7.1")];
/// Content type "signed data", of GM/T 0010 and of PKCS#7.
pub(super) const SIGNED_DATA: [ObjectIdentifier; 2] = [oid("1.2.156.10197.6.1.4.2.2"), oid("1.2.840.113549.1.7.2")];
/// Content type "enveloped data", of GM/T 0010 and of PKCS#7.
pub(super) const ENVELOPED_DATA: [ObjectIdentifier; 2] = [oid("1.2.156.10197.6.1.4.2.3"), oid("1.2.840.113549.1.7.3")];

/// Names of the digest SM3 in signed data (wire-format/certificates.md#algorithm-identifiers).
pub(super) const DIGESTS: [ObjectIdentifier; 4] = [SM3, SM3_PLAIN, SM3_KEYED, SM2_WITH_SM3];
/// Names of the signature SM2 with SM3 in signed data.
pub(super) const SIGNATURES: [ObjectIdentifier; 4] = [SM2_SIGN, SM2, SM2_WITH_SM3, EC_PUBLIC_KEY];
/// Names of SM2 encryption of a key.
pub(super) const KEY_ENCRYPTIONS: [ObjectIdentifier; 3] = [SM2_ENCRYPT, SM2_EXCHANGE, SM2];
/// Names of SM4-CBC, with the initial vector as its parameter.
pub(super) const CBC: [ObjectIdentifier; 2] = [SM4_CBC, SM4];
/// Names of SM4-ECB.
pub(super) const ECB: [ObjectIdentifier; 2] = [SM4_ECB, SM4];

impl From<der::Error> for CryptoError {
    fn from(_: der::Error) -> Self {
        Self::Encoding
    }
}

/// `[number]` around or instead of a constructed element.
pub(super) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// `[number]` instead of a primitive element.
pub(super) const fn context_primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// An element whose content is the joined parts.
pub(super) fn element(tag: Tag, parts: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Header::new(tag, Length::try_from(length)?).to_der()?;
    out.reserve_exact(length);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    Ok(out)
}

/// A SEQUENCE of these elements.
pub(super) fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
    element(Tag::Sequence, parts)
}

/// A SET OF in DER: sorted by encoding, each once.
pub(super) fn set_of<'a>(tag: Tag, parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, CryptoError> {
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_unstable();
    parts.dedup();
    element(tag, &parts)
}

/// An AlgorithmIdentifier; without `parameters` the field is left out.
pub(super) fn algorithm(oid: ObjectIdentifier, parameters: &[u8]) -> Result<Vec<u8>, CryptoError> {
    sequence(&[&oid.to_der()?, parameters])
}

/// A BIT STRING of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Result<Vec<u8>, CryptoError> {
    element(Tag::BitString, &[&[0], bytes])
}

/// Reads one element of at most `most` bytes that fills the input, with a reader for its content; all must be read.
pub(super) fn whole<'a, T>(
    bytes: &'a [u8],
    most: usize,
    tag: Tag,
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, CryptoError>,
) -> Result<T, CryptoError> {
    if bytes.len() > most {
        return Err(CryptoError::Encoding);
    }
    let mut reader = SliceReader::new(bytes)?;
    let value = inside(&mut reader, tag, read)?;
    reader.finish()?;
    Ok(value)
}

/// Reads the content of the next element; all of it must be read.
pub(super) fn inside<'a, T>(
    reader: &mut SliceReader<'a>,
    tag: Tag,
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, CryptoError>,
) -> Result<T, CryptoError> {
    let element: AnyRef<'a> = reader.decode()?;
    element.tag().assert_eq(tag).map_err(|_| CryptoError::Encoding)?;
    let mut content = SliceReader::new(element.value())?;
    let value = read(&mut content)?;
    content.finish()?;
    Ok(value)
}

/// [`inside`] when the next element has this tag.
pub(super) fn inside_optional<'a, T>(
    reader: &mut SliceReader<'a>,
    tag: Tag,
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, CryptoError>,
) -> Result<Option<T>, CryptoError> {
    if !is_next(reader, tag) {
        return Ok(None);
    }
    inside(reader, tag, read).map(Some)
}

/// Whether the next element has this tag.
pub(super) fn is_next(reader: &SliceReader<'_>, tag: Tag) -> bool {
    !reader.is_finished() && Tag::peek(reader).is_ok_and(|next| next == tag)
}

/// The next element of this tag: all its bytes.
pub(super) fn raw<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Result<&'a [u8], CryptoError> {
    Tag::peek(reader)?.assert_eq(tag).map_err(|_| CryptoError::Encoding)?;
    Ok(reader.tlv_bytes()?)
}

/// The content of the next element of this tag.
pub(super) fn content<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Result<&'a [u8], CryptoError> {
    inside(reader, tag, rest)
}

/// All elements left, each with all its bytes; more than `most` are refused.
pub(super) fn elements<'a>(reader: &mut SliceReader<'a>, most: usize) -> Result<Vec<&'a [u8]>, CryptoError> {
    let mut all = Vec::new();
    while !reader.is_finished() {
        if all.len() == most {
            return Err(CryptoError::Encoding);
        }
        all.push(reader.tlv_bytes()?);
    }
    Ok(all)
}

/// The bytes left, for what need not be understood.
pub(super) fn rest<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], CryptoError> {
    Ok(reader.read_slice(reader.remaining_len())?)
}

/// The next AlgorithmIdentifier.
pub(super) fn read_algorithm<'a>(
    reader: &mut SliceReader<'a>,
) -> Result<(ObjectIdentifier, Option<AnyRef<'a>>), CryptoError> {
    inside(reader, Tag::Sequence, |reader| Ok((reader.decode()?, reader.decode()?)))
}

/// The next AlgorithmIdentifier must be one of these. Parameters that say nothing new occur with all of them: NULL, none,
/// or the curve.
pub(super) fn expect_algorithm(reader: &mut SliceReader<'_>, known: &[ObjectIdentifier]) -> Result<(), CryptoError> {
    let (oid, parameters) = read_algorithm(reader)?;
    let plain = parameters.is_none_or(|parameters| parameters.is_null() || is_sm2_curve(parameters));
    if plain && known.contains(&oid) { Ok(()) } else { Err(CryptoError::Unsupported) }
}

/// Whether parameters are the name of the curve of SM2.
pub(super) fn is_sm2_curve(parameters: AnyRef<'_>) -> bool {
    ObjectIdentifier::try_from(parameters) == Ok(SM2)
}

/// The content of the next BIT STRING of whole bytes.
pub(super) fn read_bits<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], CryptoError> {
    let bits: BitStringRef<'a> = reader.decode()?;
    bits.as_bytes().ok_or(CryptoError::Encoding)
}

/// An INTEGER that is not negative, big-endian without leading zeros.
pub(super) fn unsigned<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], CryptoError> {
    match content(reader, Tag::Integer)? {
        [0] => Ok(&[]),
        // a zero in front only where the sign needs it: each number has one encoding
        [0, bytes @ ..] if bytes.first().is_some_and(|first| first & 0x80 != 0) => Ok(bytes),
        bytes if bytes.first().is_some_and(|first| (1..0x80).contains(first)) => Ok(bytes),
        _ => Err(CryptoError::Encoding),
    }
}

/// The bytes of an INTEGER as a number that is not negative, without leading zeros: writers leave out the zero in front, or
/// keep zeros that are not needed.
pub(super) fn magnitude<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], CryptoError> {
    Ok(without_zeros(content(reader, Tag::Integer)?))
}

fn without_zeros(mut bytes: &[u8]) -> &[u8] {
    while let Some((0, rest)) = bytes.split_first() {
        bytes = rest;
    }
    bytes
}

/// Big-endian bytes as an INTEGER that is not negative.
pub(super) fn integer(bytes: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let bytes = without_zeros(bytes);
    let sign: &[u8] = if bytes.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    element(Tag::Integer, &[sign, bytes])
}

/// A structure someone signed: `SEQUENCE { body, algorithm, signature BIT STRING }` – certificate, request or list.
pub(super) struct Signed<'a> {
    /// What is signed: all bytes of the first element, as received.
    pub(super) body: &'a [u8],
    /// r‖s.
    pub(super) signature: [u8; 64],
}

impl<'a> Signed<'a> {
    /// Reads one that fills the input and is signed with SM2 and SM3.
    pub(super) fn read(bytes: &'a [u8], most: usize) -> Result<Self, CryptoError> {
        whole(bytes, most, Tag::Sequence, |reader| {
            let body = raw(reader, Tag::Sequence)?;
            expect_algorithm(reader, &[SM2_WITH_SM3])?;
            let signature = super::signature_from_der(read_bits(reader)?)?;
            Ok(Self { body, signature })
        })
    }

    /// Writes one.
    pub(super) fn write(body: &[u8], signature: &[u8; 64]) -> Result<Vec<u8>, CryptoError> {
        let signature = super::signature_to_der(signature)?;
        sequence(&[body, &algorithm(SM2_WITH_SM3, &[])?, &bits(&signature)?])
    }
}

/// Whether the bytes are exactly one element of this tag.
pub(super) fn is_one(bytes: &[u8], tag: Tag) -> bool {
    AnyRef::from_der(bytes).is_ok_and(|element| element.tag() == tag)
}
