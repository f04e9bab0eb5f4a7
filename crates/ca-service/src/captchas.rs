//! Captchas: a picture whose characters a person types, so that orders are not made by programs alone. Used once, for
//! five minutes; only a keyed hash of the characters is kept.

use super::Service;
use super::error::ServiceError;
use super::secrets::{is_name, random_hex, same};
use super::store::Tx;
use ::captcha::Captcha as Picture;
use ::captcha::filters::{Dots, Noise, Wave};
use gm::random;
use order_api::{Captcha, CaptchaAnswer, ProblemCode};
use sqlx::Row;
use std::sync::Arc;

/// How long a picture counts, seconds.
const LIFE: i64 = 300;
/// Characters of the font that can't be taken for one another.
const CHARACTERS: &[u8; 25] = b"ACDEFGHJKMNPQRTUVWXY34679";
const LENGTH: usize = 4;
const SIZE: (u32, u32) = (220, 90);

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
    let mut picture = Picture::new();
    for character in text.chars() {
        picture.set_chars(&[character]).add_char();
    }
    if picture.chars().len() != text.len() {
        // a character that the font does not have
        return None;
    }
    picture
        .apply_filter(Noise::new(0.2))
        .apply_filter(Wave::new(2.0, 12.0).horizontal())
        .view(SIZE.0, SIZE.1)
        .apply_filter(Dots::new(2))
        .as_png()
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
    use super::{CHARACTERS, LENGTH, draw, random_text};

    #[test]
    fn every_character_can_be_drawn() {
        for &character in CHARACTERS {
            let png = draw(&char::from(character).to_string().repeat(LENGTH)).unwrap();
            assert!(image::load_from_memory(&png).is_ok(), "{character}");
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
