//! Containers and their certificates (wire-format/objects.md#containers). Reading needs no login.

use super::card::{Answer, Card, Fields, Reply, Request, Stop, name_list, stop, sw, text};
use super::session::{HIDDEN_APPLICATION, HIDDEN_CONTAINER, HIDDEN_NAME};
use super::state::{Container, MOST_CONTAINERS, Slot};

/// Longest name the vendor's host takes (wire-format/objects.md#names).
const LONGEST_NAME: usize = 62;

impl Card {
    /// 80 40.
    pub(super) fn create_container(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let application = fields.u16()?;
        let name = self.container_name(application, &mut fields)?;
        self.need_user(application)?;
        if self.application(application)?.containers.iter().any(|one| one.name == name) {
            return Err(stop(sw::CONTAINER_EXISTS));
        }
        if self.application(application)?.containers.len() >= usize::from(MOST_CONTAINERS) {
            return Err(stop(sw::NO_SPACE));
        }
        self.reserve(128)?;
        let owner = self.application(application)?;
        let id = owner.next_container;
        owner.next_container = id.checked_add(1).ok_or(stop(sw::NO_SPACE))?;
        owner.containers.push(Container { id, name, sign: Slot::default(), encrypt: Slot::default() });
        self.done()?;
        self.session.open_container(application, id);
        Ok(Reply::Data(id.to_be_bytes().to_vec()))
    }

    /// 80 42.
    pub(super) fn open_container(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let application = fields.u16()?;
        let id = if application == HIDDEN_APPLICATION && self.session.is_application_open(application) {
            match fields.rest() {
                name if name == HIDDEN_NAME => HIDDEN_CONTAINER,
                _ => return Err(stop(sw::NO_CONTAINER_NAME)),
            }
        } else {
            self.named_container(application, &mut fields)?.id
        };
        self.session.open_container(application, id);
        Ok(Reply::Data(id.to_be_bytes().to_vec()))
    }

    /// 80 44.
    pub(super) fn close_container(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        fields.end()?;
        self.handles(application, container)?;
        self.session.close_container(application, container);
        Ok(Reply::Done)
    }

    /// 80 46.
    pub(super) fn enum_container(&mut self, request: &Request<'_>) -> Answer {
        let application = request.only_id()?;
        let containers = &self.application(application)?.containers;
        Ok(Reply::Long(name_list(containers.iter().map(|one| one.name.as_str()))))
    }

    /// 80 48.
    pub(super) fn delete_container(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let application = fields.u16()?;
        let id = self.named_container(application, &mut fields)?.id;
        self.need_user(application)?;
        self.application(application)?.containers.retain(|one| one.id != id);
        self.session.forget_container(application, id);
        self.done()
    }

    /// 80 4A: type1 ‖ bits of the signing key4 ‖ of the encryption key4 ‖ certificate there1 ‖ there1.
    pub(super) fn get_container_info(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let application = fields.u16()?;
        let container = self.named_container(application, &mut fields)?;
        let bits = |slot: &Slot| if slot.key.is_some() { 256u32 } else { 0 }.to_be_bytes();
        let is_empty = container.sign.key.is_none() && container.encrypt.key.is_none();
        let mut info = vec![if is_empty { 0 } else { 2 }];
        info.extend(bits(&container.sign));
        info.extend(bits(&container.encrypt));
        info.push(u8::from(container.sign.certificate.is_some()));
        info.push(u8::from(container.encrypt.certificate.is_some()));
        Ok(Reply::Data(info))
    }

    /// 80 4C, chained: app2 ‖ cont2 ‖ 1 signing, 0 encryption ‖ length4 ‖ DER. The key does not look into it.
    pub(super) fn import_certificate(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        let [kind] = fields.array()?;
        let certificate = fields.counted()?;
        fields.end()?;
        self.need_user(application)?;
        self.container(application, container)?;
        self.reserve(certificate.len())?;
        let slot = self.slot(application, container, kind)?;
        if slot.key.is_none() {
            return Err(stop(sw::NO_KEY_PAIR));
        }
        slot.certificate = Some(certificate.to_vec());
        self.done()
    }

    /// 80 4E: length4 ‖ DER.
    pub(super) fn export_certificate(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.with(request.p1, 0)?;
        let (application, container) = (fields.u16()?, fields.u16()?);
        fields.end()?;
        let slot = self.slot(application, container, request.p1)?;
        let certificate = slot.certificate.as_ref().ok_or(stop(sw::NO_CERTIFICATE))?;
        let length = u32::try_from(certificate.len()).map_err(|_| stop(sw::INTERNAL))?;
        Ok(Reply::Long([length.to_be_bytes().as_slice(), certificate].concat()))
    }

    /// 1 names the signing half of a container, 0 the encryption half.
    pub(super) fn slot(&mut self, application: u16, container: u16, kind: u8) -> Result<&mut Slot, Stop> {
        let container = self.container(application, container)?;
        match kind {
            0 => Ok(&mut container.encrypt),
            1 => Ok(&mut container.sign),
            _ => Err(stop(sw::PARAMETERS)),
        }
    }

    fn container_name(&mut self, application: u16, fields: &mut Fields<'_>) -> Result<String, Stop> {
        self.application(application)?;
        let name = text(fields.rest())?;
        if name.len() > LONGEST_NAME { Err(stop(sw::DATA)) } else { Ok(name) }
    }

    fn named_container(&mut self, application: u16, fields: &mut Fields<'_>) -> Result<&mut Container, Stop> {
        let name = self.container_name(application, fields)?;
        let found = self.application(application)?.containers.iter_mut().find(|one| one.name == name);
        found.ok_or(stop(sw::NO_CONTAINER_NAME))
    }
}
