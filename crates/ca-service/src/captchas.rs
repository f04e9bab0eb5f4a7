//! Captchas: a picture whose characters a person types, so that orders are not made by programs alone. Used once, for
//! five minutes; only a keyed hash of the characters is kept.

use super::Service;
use super::error::ServiceError;
use super::secrets::{is_name, random_hex, same};
use super::store::Tx;
use ::captcha::Captcha as Picture;
use ::captcha::filters::Wave;
use gm::random;
use image::{GrayImage, ImageFormat, Luma};
use order_api::{Captcha, CaptchaAnswer, ProblemCode};
use sqlx::Row;
use std::io::Cursor;
use std::sync::Arc;

/// How long a picture counts, seconds.
const LIFE: i64 = 300;
/// Characters of the font that can't be taken for one another.
const CHARACTERS: &[u8; 25] = b"ACDEFGHJKMNPQRTUVWXY34679";
const LENGTH: usize = 4;
const SIZE: (u32, u32) = (220, 90);
/// Left free around a stroke, pixels.
const GAP: u32 = 3;
/// Of 256 pixels beside the strokes so many are specks.
const SPECKS: u8 = 24;
/// Lighter than a stroke.
const SPECK: Luma<u8> = Luma([150]);
/// How often a place for a blot is looked for.
const BLOT_ATTEMPTS: usize = 24;

/// Gives the characters of a picture; tests give their own.
pub type CaptchaText = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Characters from the random source.
#[must_use]
pub fn random_text() -> CaptchaText {
    Arc::new(|| {
        let bytes = random::<LENGTH>().ok()?;
        let character = |byte: u8| CHARACTERS.get(usize::from(byte) % CHARACTERS.len()).map(|&one| char::from(one));
        bytes.into_iter().map(character).collect()
    })
}

/// Makes a picture.
///
/// # Errors
/// [`ServiceError`].
pub async fn make(service: &Service) -> Result<Captcha, ServiceError> {
    let failed = || ServiceError::Damaged("no picture could be drawn".to_owned());
    let text = (service.captcha_text)().ok_or_else(failed)?;
    let drawn = text.clone();
    let image = tokio::task::spawn_blocking(move || draw(&drawn)).await.ok().flatten().ok_or_else(failed)?;
    let id = random_hex::<16>()?;
    let expires = service.now() + LIFE;
    let mut tx = service.store.begin().await?;
    sqlx::query("INSERT INTO captchas (id, answer, used, expires) VALUES ($1, $2, 0, $3)")
        .bind(&id)
        .bind(answer(service, &id, &text))
        .bind(expires)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Captcha { id, image: image.into(), expires })
}

fn draw(text: &str) -> Option<Vec<u8>> {
    let mut image = letters(text)?;
    disturb(&mut image)?;
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

fn letters(text: &str) -> Option<GrayImage> {
    let mut picture = Picture::new();
    for character in text.chars() {
        picture.set_chars(&[character]).add_char();
    }
    if picture.chars().len() != text.len() {
        // a character that the font does not have
        return None;
    }
    let png = picture.apply_filter(Wave::new(2.0, 12.0).horizontal()).view(SIZE.0, SIZE.1).as_png()?;
    Some(image::load_from_memory(&png).ok()?.into_luma8())
}

/// Specks and blots beside the strokes, never on them or touching them: a person still reads every character.
fn disturb(image: &mut GrayImage) -> Option<()> {
    let (width, height) = image.dimensions();
    let strokes: Vec<(u32, u32)> =
        image.enumerate_pixels().filter(|(.., pixel)| is_stroke(pixel)).map(|(x, y, _)| (x, y)).collect();
    let mut free = vec![true; (width * height) as usize];
    for (x, y) in strokes {
        for y in y.saturating_sub(GAP)..=(y + GAP).min(height - 1) {
            for x in x.saturating_sub(GAP)..=(x + GAP).min(width - 1) {
                *free.get_mut((y * width + x) as usize)? = false;
            }
        }
    }
    let is_free = |x: u32, y: u32| free.get((y * width + x) as usize).copied().unwrap_or(false);
    let chances = random::<{ (SIZE.0 * SIZE.1) as usize }>().ok()?;
    for ((x, y, pixel), chance) in image.enumerate_pixels_mut().zip(chances) {
        if chance < SPECKS && is_free(x, y) {
            *pixel = SPECK;
        }
    }
    for _ in 0..BLOT_ATTEMPTS {
        let [x, y, size] = random::<3>().ok()?.map(u32::from);
        let radius = 4 + size % 5;
        let (x, y) = (x * width / 256, y * height / 256);
        let inside = || {
            let square = (y.saturating_sub(radius)..=y + radius)
                .flat_map(move |py| (x.saturating_sub(radius)..=x + radius).map(move |px| (px, py)));
            square.filter(move |(px, py)| px.abs_diff(x).pow(2) + py.abs_diff(y).pow(2) <= radius * radius)
        };
        if inside().all(|(px, py)| px < width && py < height && is_free(px, py)) {
            inside().for_each(|(px, py)| image.put_pixel(px, py, SPECK));
        }
    }
    Some(())
}

/// Also its smoothed edge.
const fn is_stroke(pixel: &Luma<u8>) -> bool {
    let Luma([shade]) = pixel;
    *shade < 250
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The person read the picture.
    Right,
    /// It did not; the picture is used up, which the caller has to commit.
    Wrong,
    /// The picture is unknown, too old or was used.
    Stale,
}

impl Answer {
    /// As a refusal.
    #[must_use]
    pub fn refusal(self) -> Option<ServiceError> {
        match self {
            Self::Right => None,
            Self::Wrong => {
                Some(ServiceError::refused(ProblemCode::CaptchaWrong, "other characters than in the picture"))
            }
            Self::Stale => Some(ServiceError::refused(ProblemCode::CaptchaStale, "the picture is too old or was used")),
        }
    }
}

/// Checks an answer and uses the picture up.
///
/// # Errors
/// [`ServiceError`].
pub async fn check(service: &Service, tx: &mut Tx, given: &CaptchaAnswer) -> Result<Answer, ServiceError> {
    if !is_name(&given.id) {
        return Ok(Answer::Stale);
    }
    let row = sqlx::query("UPDATE captchas SET used = 1 WHERE id = $1 AND used = 0 AND expires > $2 RETURNING answer")
        .bind(&given.id)
        .bind(service.now())
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(Answer::Stale) };
    let expected: String = row.try_get(0)?;
    Ok(if same(&expected, &answer(service, &given.id, &given.text)) { Answer::Right } else { Answer::Wrong })
}

fn answer(service: &Service, id: &str, text: &str) -> String {
    service.secrets.tag("captcha", &[id, &text.trim().to_ascii_uppercase()])
}

#[cfg(test)]
mod tests {
    use super::{CHARACTERS, GAP, LENGTH, disturb, draw, is_stroke, letters, random_text};

    #[test]
    fn every_character_can_be_drawn() {
        for &character in CHARACTERS {
            let png = draw(&char::from(character).to_string().repeat(LENGTH)).unwrap();
            assert!(image::load_from_memory(&png).is_ok(), "{character}");
        }
    }

    #[test]
    fn nothing_is_drawn_on_a_stroke_or_touches_one() {
        for _ in 0..20 {
            let before = letters(&random_text()().unwrap()).unwrap();
            let mut after = before.clone();
            disturb(&mut after).unwrap();
            let drawn: Vec<_> =
                after.enumerate_pixels().filter(|(x, y, pixel)| *pixel != before.get_pixel(*x, *y)).collect();
            assert!(drawn.len() > 400, "only {} pixels disturb a program", drawn.len());
            for (x, y, _) in drawn {
                for near in (x.saturating_sub(GAP)..=x + GAP)
                    .flat_map(|x| (y.saturating_sub(GAP)..=y + GAP).map(move |y| (x, y)))
                {
                    let stroke = before.get_pixel_checked(near.0, near.1).is_some_and(is_stroke);
                    assert!(!stroke, "{x}, {y} is beside the stroke at {near:?}");
                }
            }
        }
    }

    #[test]
    fn what_the_font_does_not_have_is_not_left_out() {
        assert!(draw("K0A7").is_none());
    }

    #[test]
    fn texts_differ_and_have_only_clear_characters() {
        let text = random_text();
        let texts: std::collections::HashSet<String> = (0..50).map(|_| text().unwrap()).collect();
        assert!(texts.len() > 40);
        for text in texts {
            assert_eq!(text.len(), LENGTH);
            assert!(text.bytes().all(|character| CHARACTERS.contains(&character)), "{text}");
        }
    }
}
