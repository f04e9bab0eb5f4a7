//! Devices: USB keys that were personalised with an admin PIN this CA can make again, and whose they are.

use crate::Service;
use crate::audit::{self, Actor, Entry};
use crate::error::ServiceError;
use crate::store::{Store, Tx, is_duplicate};
use base::secret::SecretBytes;
use order_api::{Problem, ProblemCode};
use sqlx::Row;
use sqlx::any::AnyRow;

/// Longest serial number of a device, bytes (GM/T 0016 §6.4.2).
const LONGEST_SERIAL: usize = 32;

/// A device in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// USB-Key 序列号 as the device states it.
    pub serial: String,
    /// Whose it is.
    pub customer: i64,
    /// Number of the master its admin PIN is made from.
    pub master: i64,
    /// When it came into the books.
    pub created: i64,
    /// When it last got its admin PIN.
    pub personalised: i64,
}

impl Device {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            serial: row.try_get(0)?,
            customer: row.try_get(1)?,
            master: row.try_get(2)?,
            created: row.try_get(3)?,
            personalised: row.try_get(4)?,
        })
    }
}

/// Refuses what can't be the serial number of a device: it has 1–32 printable ASCII characters.
///
/// # Errors
/// `invalid_request`.
pub fn check_serial(serial: &str) -> Result<(), ServiceError> {
    let readable = serial.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if serial.is_empty() || serial.len() > LONGEST_SERIAL || !readable {
        let mut problem = Problem::new(ProblemCode::InvalidRequest, "the serial number of the device");
        problem.field = Some("device_serial".to_owned());
        return Err(problem.into());
    }
    Ok(())
}

/// A device by its serial number.
///
/// # Errors
/// [`ServiceError`].
pub async fn find(store: &Store, serial: &str) -> Result<Option<Device>, ServiceError> {
    let row = sqlx::query("SELECT serial, customer, master, created, personalised FROM devices WHERE serial = $1")
        .bind(serial)
        .fetch_optional(store.pool())
        .await?;
    Ok(row.as_ref().map(Device::read).transpose()?)
}

/// A device, held until the transaction ends: whoever else wants it waits.
///
/// # Errors
/// [`ServiceError`].
pub async fn hold(tx: &mut Tx, serial: &str) -> Result<Option<Device>, ServiceError> {
    let row = sqlx::query(
        "UPDATE devices SET serial = serial WHERE serial = $1 \
         RETURNING serial, customer, master, created, personalised",
    )
    .bind(serial)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.as_ref().map(Device::read).transpose()?)
}

/// Takes a device of a customer into the books and returns the number of the master its admin PIN is made from: the
/// newest. Said again for the same customer, nothing changes.
///
/// # Errors
/// [`ServiceError::Unacceptable`] for a serial number that is none or stands in the books for another customer, for a
/// customer that is not there, and when the CA has no master.
pub async fn register(service: &Service, serial: &str, customer: i64, actor: Actor<'_>) -> Result<i64, ServiceError> {
    check_serial(serial).map_err(|_| ServiceError::Unacceptable("the serial number of the device".to_owned()))?;
    super::customers::get(&service.store, customer).await?;
    let master = newest(service)?;
    let now = service.now();
    let mut tx = service.store.begin().await?;
    let inserted = sqlx::query(
        "INSERT INTO devices (serial, customer, master, created, personalised) VALUES ($1, $2, $3, $4, $4)",
    )
    .bind(serial)
    .bind(customer)
    .bind(master)
    .bind(now)
    .execute(&mut *tx)
    .await;
    match inserted {
        Ok(_) => {}
        Err(error) if is_duplicate(&error) => {
            drop(tx);
            let known = find(&service.store, serial).await?.filter(|known| known.customer == customer);
            return known.map(|known| known.master).ok_or_else(|| {
                ServiceError::Unacceptable(format!("device {serial} is in the books for another customer"))
            });
        }
        Err(error) => return Err(error.into()),
    }
    let (object, detail) = (format!("customer/{customer}"), format!("{serial}, master {master}"));
    audit::append(&mut tx, &service.clock, &Entry::done(actor, "device.register", &object, &detail)).await?;
    tx.commit().await?;
    Ok(master)
}

/// A device gets a new admin PIN, made from the newest master; what the key did not take before no longer counts. Returns
/// the number of the master.
///
/// # Errors
/// [`ServiceError::Unacceptable`] when it is not in the books or the CA has no master.
pub async fn personalise_again(service: &Service, serial: &str, actor: Actor<'_>) -> Result<i64, ServiceError> {
    let master = newest(service)?;
    let mut tx = service.store.begin().await?;
    let changed = sqlx::query("UPDATE devices SET master = $1, personalised = $2 WHERE serial = $3 RETURNING customer")
        .bind(master)
        .bind(service.now())
        .bind(serial)
        .fetch_optional(&mut *tx)
        .await?;
    let customer: i64 = changed.ok_or_else(|| unknown(serial))?.try_get(0)?;
    let (object, detail) = (format!("customer/{customer}"), format!("{serial}, master {master}"));
    audit::append(&mut tx, &service.clock, &Entry::done(actor, "device.personalise", &object, &detail)).await?;
    tx.commit().await?;
    Ok(master)
}

/// Refuses when a master is missing that devices have their admin PIN from: another under its number would be a wrong one.
///
/// # Errors
/// [`ServiceError::Damaged`].
pub async fn check_masters(service: &Service) -> Result<(), ServiceError> {
    let row = sqlx::query("SELECT COALESCE(MAX(master), 0) FROM devices").fetch_one(service.store.pool()).await?;
    let used: i64 = row.try_get(0)?;
    if used > service.masters.newest().unwrap_or(0) {
        return Err(ServiceError::Damaged(format!("master {used} of the admin PINs is not there")));
    }
    Ok(())
}

/// The admin PIN of a device, for its personalisation; that it was asked for is recorded.
///
/// # Errors
/// [`ServiceError::Unacceptable`] when the device is not in the books.
pub async fn admin_pin(service: &Service, serial: &str, actor: Actor<'_>) -> Result<SecretBytes, ServiceError> {
    let device = find(&service.store, serial).await?.ok_or_else(|| unknown(serial))?;
    let pin = pin_of(service, &device)?;
    let mut tx = service.store.begin().await?;
    let object = format!("customer/{}", device.customer);
    audit::append(&mut tx, &service.clock, &Entry::done(actor, "device.admin_pin", &object, serial)).await?;
    tx.commit().await?;
    Ok(pin)
}

/// The admin PIN of a device.
///
/// # Errors
/// [`ServiceError::Damaged`] when its master is not there.
pub(crate) fn pin_of(service: &Service, device: &Device) -> Result<SecretBytes, ServiceError> {
    let missing = || ServiceError::Damaged(format!("master {} of the admin PINs is not there", device.master));
    service.masters.admin_pin(device.master, &device.serial).ok_or_else(missing)
}

fn newest(service: &Service) -> Result<i64, ServiceError> {
    let none =
        || ServiceError::Unacceptable("the CA has no master for admin PINs; make one with admin-master".to_owned());
    service.masters.newest().ok_or_else(none)
}

fn unknown(serial: &str) -> ServiceError {
    ServiceError::Unacceptable(format!("device {serial} is not in the books"))
}
