//! Key management: makes the encryption key pairs of customers and keeps them, so that a lost key does not take the
//! data with it.
//!
//! Invariants
//! * A private key leaves this module only as [`EnvelopedKey`], sealed to the signing key of the customer's token.
//! * At rest it is SM4-CBC under a key derived from the master, with an HMAC-SM3 over row and cipher text.
//! * One key for each order and signing key: asked again, the same one comes back.

use super::clock::Clock;
use super::error::ServiceError;
use super::secrets::{hex, same};
use super::store::{Store, sqlite_url};
use gm::enveloped_key::EnvelopedKey;
use gm::{PrivateKey, PublicKey, Sm4Key, cbc_decrypt, cbc_encrypt, hmac, random};
use sqlx::Row;
use sqlx::migrate::Migrator;
use std::path::Path;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// Its own tables, counted apart from those of the books, so that both may lie in one database.
static TABLES: LazyLock<Migrator> = LazyLock::new(|| {
    let mut tables = sqlx::migrate!("src/kmc/migrations");
    tables.dangerous_set_table_name("kmc_migrations");
    tables
});

const IV: usize = 16;
const KEY: usize = 32;
const MAC: usize = 32;

/// The key management.
pub struct Kmc {
    store: Store,
    clock: Clock,
    sealing: Sm4Key,
    mac: Zeroizing<[u8; 32]>,
}

impl Kmc {
    /// Opens it on an SQLite file.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn open(file: &Path, master: &PrivateKey, clock: Clock) -> Result<Self, ServiceError> {
        super::store::sqlite_driver();
        Ok(Self::new(Store::connect(&sqlite_url(file), &TABLES).await?, master, clock))
    }

    /// Opens it by URL: `sqlite:…` or `postgres://…`; may be the database of the books.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn open_any(url: &str, master: &PrivateKey, clock: Clock) -> Result<Self, ServiceError> {
        super::store::all_drivers();
        Ok(Self::new(Store::connect(url, &TABLES).await?, master, clock))
    }

    fn new(store: Store, master: &PrivateKey, clock: Clock) -> Self {
        let master = master.to_bytes();
        let sealing = Zeroizing::new(hmac(master.as_slice(), &[b"kmc sealing"]));
        let mut key = Zeroizing::new([0; 16]);
        key.iter_mut().zip(sealing.iter()).for_each(|(to, from)| *to = *from);
        let mac = Zeroizing::new(hmac(master.as_slice(), &[b"kmc mac"]));
        Self { store, clock, sealing: Sm4Key::new(*key), mac }
    }

    /// Makes an encryption key pair for an order, or finds the one made before, and seals its private half to
    /// `for_signing_key`.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn generate(
        &self,
        order_no: &str,
        for_signing_key: &PublicKey,
    ) -> Result<(PublicKey, EnvelopedKey), ServiceError> {
        let key = match self.stored(order_no, for_signing_key).await? {
            Some(key) => key,
            None => {
                self.make(order_no, for_signing_key).await?;
                let stored = self.stored(order_no, for_signing_key).await?;
                stored.ok_or_else(|| ServiceError::Damaged("a key just made is not there".to_owned()))?
            }
        };
        Ok((key.public(), EnvelopedKey::build(for_signing_key, &key)?))
    }

    async fn make(&self, order_no: &str, signing_key: &PublicKey) -> Result<(), ServiceError> {
        let key = PrivateKey::generate()?;
        let sealed = self.seal(&key, order_no, signing_key)?;
        let mut tx = self.store.begin().await?;
        // whoever comes second leaves the first one's key alone
        sqlx::query(
            "INSERT INTO kmc_keys (order_no, signing_key, public_key, sealed, created) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (order_no, signing_key) DO NOTHING",
        )
        .bind(order_no)
        .bind(hex(&signing_key.0))
        .bind(hex(&key.public().0))
        .bind(sealed)
        .bind((self.clock)())
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn stored(&self, order_no: &str, signing_key: &PublicKey) -> Result<Option<PrivateKey>, ServiceError> {
        let row = sqlx::query("SELECT sealed FROM kmc_keys WHERE order_no = $1 AND signing_key = $2")
            .bind(order_no)
            .bind(hex(&signing_key.0))
            .fetch_optional(self.store.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.try_get(0)?;
        self.open_sealed(&sealed, order_no, signing_key).map(Some)
    }

    /// IV ‖ cipher text ‖ MAC.
    fn seal(&self, key: &PrivateKey, order_no: &str, signing_key: &PublicKey) -> Result<Vec<u8>, ServiceError> {
        let iv = random::<IV>()?;
        let mut sealed = iv.to_vec();
        sealed.extend(cbc_encrypt(&self.sealing, &iv, key.to_bytes().as_slice())?);
        let mac = self.mac(order_no, signing_key, &sealed);
        sealed.extend(mac);
        Ok(sealed)
    }

    fn open_sealed(&self, sealed: &[u8], order_no: &str, signing_key: &PublicKey) -> Result<PrivateKey, ServiceError> {
        let damaged = || ServiceError::Damaged(format!("the key of {order_no} does not open"));
        let (body, mac) = sealed.split_at_checked(IV + KEY).ok_or_else(damaged)?;
        if mac.len() != MAC || !same(&hex(mac), &hex(&self.mac(order_no, signing_key, body))) {
            return Err(damaged());
        }
        let (iv, text) = body.split_first_chunk::<IV>().ok_or_else(damaged)?;
        Ok(PrivateKey::from_bytes(&cbc_decrypt(&self.sealing, iv, text)?)?)
    }

    fn mac(&self, order_no: &str, signing_key: &PublicKey, body: &[u8]) -> [u8; MAC] {
        hmac(self.mac.as_slice(), &[order_no.as_bytes(), &[0], &signing_key.0, body])
    }

    /// How many keys there are for an order.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn count(&self, order_no: &str) -> Result<i64, ServiceError> {
        let row = sqlx::query("SELECT COUNT(*) FROM kmc_keys WHERE order_no = $1")
            .bind(order_no)
            .fetch_one(self.store.pool())
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Closes its database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::Kmc;
    use crate::clock::Clock;
    use gm::PrivateKey;
    use std::sync::Arc;

    fn clock() -> Clock {
        Arc::new(|| 1_795_104_000)
    }

    #[tokio::test]
    async fn the_same_order_and_key_get_the_same_key_again_even_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let (file, master) = (dir.path().join("kmc.db"), PrivateKey::generate().unwrap());
        let signing = PrivateKey::generate().unwrap();
        let kmc = Kmc::open(&file, &master, clock()).await.unwrap();
        let (public, envelope) = kmc.generate("20261120-000001", &signing.public()).await.unwrap();
        assert_eq!(envelope.open(&signing).unwrap().public(), public);
        kmc.close().await;
        let kmc = Kmc::open(&file, &master, clock()).await.unwrap();
        let (again, envelope) = kmc.generate("20261120-000001", &signing.public()).await.unwrap();
        assert_eq!(again, public);
        assert_eq!(envelope.open(&signing).unwrap().public(), public);
        let (other, _) = kmc.generate("20261120-000002", &signing.public()).await.unwrap();
        assert_ne!(other, public);
        assert_eq!(kmc.count("20261120-000001").await.unwrap(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn asked_many_times_at_once_it_makes_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let master = PrivateKey::generate().unwrap();
        let kmc = Arc::new(Kmc::open(&dir.path().join("kmc.db"), &master, clock()).await.unwrap());
        let signing = PrivateKey::generate().unwrap().public();
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let kmc = Arc::clone(&kmc);
                tokio::spawn(async move { kmc.generate("1", &signing).await.unwrap().0 })
            })
            .collect();
        let mut keys = Vec::new();
        for task in tasks {
            keys.push(task.await.unwrap());
        }
        keys.dedup();
        assert_eq!(keys.len(), 1);
    }

    #[tokio::test]
    async fn the_file_holds_no_private_key_and_a_changed_row_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let master = PrivateKey::generate().unwrap();
        let signing = PrivateKey::generate().unwrap();
        let kmc = Kmc::open(&dir.path().join("kmc.db"), &master, clock()).await.unwrap();
        let (_, envelope) = kmc.generate("1", &signing.public()).await.unwrap();
        let secret = envelope.open(&signing).unwrap().to_bytes();
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(32).any(|window| window == secret.as_slice()));
        }
        // the row of one order under the number of another
        sqlx::query("UPDATE kmc_keys SET order_no = '2'").execute(kmc.store.pool()).await.unwrap();
        assert!(kmc.generate("2", &signing.public()).await.is_err());
        kmc.close().await;
        let other = PrivateKey::generate().unwrap();
        let kmc = Kmc::open(&dir.path().join("kmc.db"), &other, clock()).await.unwrap();
        assert!(kmc.generate("2", &signing.public()).await.is_err());
    }
}
