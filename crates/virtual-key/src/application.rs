//! Applications (wire-format/objects.md#applications).

use super::card::{Answer, Card, Reply, Request, name_list, stop, sw, text};
use super::session::{HIDDEN_APPLICATION, HIDDEN_NAME};
use super::state::{
    Application, FIRST_APPLICATION, FIRST_CONTAINER, MOST_CERTIFICATES, MOST_CONTAINERS, MOST_FILES, PinState,
};

const MOST: usize = 8;

impl Card {
    /// 80 20: name32 ‖ admin PIN16 ‖ its tries4 ‖ user PIN16 ‖ its tries4 ‖ rights4 (host order) ‖ four zero bytes.
    pub(super) fn create_application(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let name = text(fields.bytes(32)?);
        let admin = (fields.bytes(16)?, fields.u32()?);
        let user = (fields.bytes(16)?, fields.u32()?);
        let create_rights = fields.rights()?;
        fields.bytes(4)?;
        fields.end()?;
        self.need_device()?;
        let name = name?;
        if self.state.applications.iter().any(|one| one.name == name) {
            return Err(stop(sw::APPLICATION_EXISTS));
        }
        if self.state.applications.len() == MOST {
            return Err(stop(sw::NO_SPACE));
        }
        self.reserve(256)?;
        let pin = |(value, tries): (&[u8], u32)| {
            let length = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
            let value = value.get(..length).filter(|value| !value.is_empty());
            let tries = u8::try_from(tries).ok().filter(|tries| (1..=15).contains(tries));
            value.zip(tries).map(|(value, tries)| PinState::new(value, tries, true)).ok_or(stop(sw::DATA))
        };
        let taken = |id: &u16| self.state.application(*id).is_none() && *id != HIDDEN_APPLICATION;
        let id = (FIRST_APPLICATION..u16::MAX).find(taken).ok_or(stop(sw::NO_SPACE))?;
        self.state.applications.push(Application {
            id,
            name,
            admin: pin(admin)?,
            user: pin(user)?,
            create_rights,
            containers: Vec::new(),
            files: Vec::new(),
            next_container: FIRST_CONTAINER,
        });
        self.done()
    }

    /// 80 22: the hidden application is not listed.
    pub(super) fn enum_application(&mut self, request: &Request<'_>) -> Answer {
        request.plain()?.end()?;
        Ok(Reply::Long(name_list(self.state.applications.iter().map(|one| one.name.as_str()))))
    }

    /// 80 24.
    pub(super) fn delete_application(&mut self, request: &Request<'_>) -> Answer {
        let name = text(request.plain()?.rest())?;
        self.need_device()?;
        let index = self.state.applications.iter().position(|one| one.name == name);
        let gone = self.state.applications.remove(index.ok_or(stop(sw::NO_APPLICATION_NAME))?);
        self.session.forget_application(gone.id);
        self.done()
    }

    /// 80 26: rights4 (host order) ‖ most containers, certificates, files ‖ id.
    pub(super) fn open_application(&mut self, request: &Request<'_>) -> Answer {
        let name = request.plain()?.rest();
        let (id, rights) = if name == HIDDEN_NAME {
            (HIDDEN_APPLICATION, 0)
        } else {
            let name = text(name)?;
            let found = self.state.applications.iter().find(|one| one.name == name);
            found.map(|one| (one.id, one.create_rights)).ok_or(stop(sw::NO_APPLICATION_NAME))?
        };
        self.session.open_application(id);
        let mut answer = rights.to_le_bytes().to_vec();
        answer.extend([MOST_CONTAINERS, MOST_CERTIFICATES]);
        answer.extend(MOST_FILES.to_be_bytes());
        answer.extend(id.to_be_bytes());
        Ok(Reply::Data(answer))
    }

    /// 80 28: rights stay, as GM/T 0016 §7.3.5 wants it.
    pub(super) fn close_application(&mut self, request: &Request<'_>) -> Answer {
        let id = request.only_id()?;
        if !self.session.is_application_open(id) {
            return Err(stop(sw::NO_APPLICATION));
        }
        self.session.close_application(id);
        Ok(Reply::Done)
    }
}
