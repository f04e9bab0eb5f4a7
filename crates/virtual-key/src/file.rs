//! Files of an application (wire-format/objects.md#files): fixed size, rights to read and write each.

use super::card::{Answer, Card, Fields, Reply, Request, Stop, name_list, stop, sw, text};
use super::state::{File, MOST_FILES};

impl Card {
    /// 80 30, application in P1P2: name32 ‖ size4 ‖ read rights4 ‖ write rights4 (host order).
    pub(super) fn create_file(&mut self, request: &Request<'_>) -> Answer {
        let application = p1p2(request);
        let mut fields = Fields::new(request.data);
        let name = text(fields.bytes(32)?);
        let size = usize::try_from(fields.u32()?).map_err(|_| stop(sw::NO_SPACE))?;
        let (read_rights, write_rights) = (fields.rights()?, fields.rights()?);
        fields.end()?;
        self.may_create(application)?;
        let name = name?;
        if self.application(application)?.files.iter().any(|file| file.name == name) {
            return Err(stop(sw::FILE_EXISTS));
        }
        if self.application(application)?.files.len() >= usize::from(MOST_FILES) {
            return Err(stop(sw::NO_SPACE));
        }
        self.reserve(size.saturating_add(64))?;
        let file = File { name, read_rights, write_rights, data: vec![0; size] };
        self.application(application)?.files.push(file);
        self.done()
    }

    /// 80 32, application in P1P2: name.
    pub(super) fn delete_file(&mut self, request: &Request<'_>) -> Answer {
        let application = p1p2(request);
        let name = text(request.data)?;
        self.file(application, &name)?;
        self.may_create(application)?;
        self.application(application)?.files.retain(|file| file.name != name);
        self.done()
    }

    /// 80 34, application in P1P2.
    pub(super) fn enum_files(&mut self, request: &Request<'_>) -> Answer {
        Fields::new(request.data).end()?;
        let files = &self.application(p1p2(request))?.files;
        Ok(Reply::Long(name_list(files.iter().map(|file| file.name.as_str()))))
    }

    /// 80 36, application in P1P2: size4 ‖ read rights4 ‖ write rights4 (host order).
    pub(super) fn get_file_info(&mut self, request: &Request<'_>) -> Answer {
        let name = text(request.data)?;
        let file = self.file(p1p2(request), &name)?;
        let size = u32::try_from(file.data.len()).map_err(|_| stop(sw::INTERNAL))?;
        let mut info = size.to_be_bytes().to_vec();
        info.extend(file.read_rights.to_le_bytes());
        info.extend(file.write_rights.to_le_bytes());
        Ok(Reply::Data(info))
    }

    /// 80 38: app2 ‖ offset2 ‖ count2 ‖ name length2 ‖ name. Past the end it gives what there is.
    pub(super) fn read_file(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let application = fields.u16()?;
        let (offset, count) = (usize::from(fields.u16()?), usize::from(fields.u16()?));
        let name = short_name(&mut fields)?;
        fields.end()?;
        let rights = self.session.rights(application);
        let file = self.file(application, &name)?;
        if !rights.meet(file.read_rights) {
            return Err(stop(sw::NO_RIGHT));
        }
        let rest = file.data.get(offset..).ok_or(stop(sw::OFFSET))?;
        Ok(Reply::Data(rest.iter().take(count).copied().collect()))
    }

    /// 80 3A: app2 ‖ offset2 ‖ name length2 ‖ name ‖ data length2 ‖ data. A file does not grow.
    pub(super) fn write_file(&mut self, request: &Request<'_>) -> Answer {
        let mut fields = request.plain()?;
        let application = fields.u16()?;
        let offset = usize::from(fields.u16()?);
        let name = short_name(&mut fields)?;
        let count = usize::from(fields.u16()?);
        let data = fields.bytes(count)?;
        fields.end()?;
        let rights = self.session.rights(application);
        let file = self.file(application, &name)?;
        if !rights.meet(file.write_rights) {
            return Err(stop(sw::NO_RIGHT));
        }
        self.reserve(0)?;
        let file = self.file(application, &name)?;
        let place = file.data.get_mut(offset..offset + count).ok_or(stop(sw::OFFSET))?;
        place.copy_from_slice(data);
        self.done()
    }

    fn may_create(&mut self, application: u16) -> Result<(), Stop> {
        let mask = self.application(application)?.create_rights;
        if self.session.rights(application).meet(mask) { Ok(()) } else { Err(stop(sw::NO_RIGHT)) }
    }

    fn file(&mut self, application: u16, name: &str) -> Result<&mut File, Stop> {
        let found = self.application(application)?.files.iter_mut().find(|file| file.name == name);
        found.ok_or(stop(sw::NO_FILE))
    }
}

fn p1p2(request: &Request<'_>) -> u16 {
    u16::from_be_bytes([request.p1, request.p2])
}

fn short_name(fields: &mut Fields<'_>) -> Result<String, Stop> {
    let length = usize::from(fields.u16()?);
    text(fields.bytes(length)?)
}
