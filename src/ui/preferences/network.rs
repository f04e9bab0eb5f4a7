//! 网络: how services are reached, and whose services are asked when no key says so.

use super::{PageContext, choice};
use crate::app::policy::{AddressFault, proxy_address};
use crate::app::{Lock, ProxyChoice, Settings};
use crate::ui::text_field::TextField;
use crate::ui::widgets;
use eframe::egui::Ui;
use rust_i18n::t;

const LONGEST: usize = 200;

/// Which way is chosen; the address of the third stands in its field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    System,
    None,
    Given,
}

/// What stands in the fields.
pub struct Draft {
    way: Way,
    address: String,
}

impl Draft {
    /// As the settings are.
    #[must_use]
    pub fn of(proxy: &ProxyChoice) -> Self {
        match proxy {
            ProxyChoice::System => Self { way: Way::System, address: String::new() },
            ProxyChoice::None => Self { way: Way::None, address: String::new() },
            ProxyChoice::Given(address) => Self { way: Way::Given, address: address.clone() },
        }
    }
}

/// Shows the group.
pub fn show(ui: &mut Ui, draft: &mut Draft, new: &mut Settings, around: &PageContext<'_>) {
    let ways = [
        (Way::System, t!("settings.proxy_system")),
        (Way::None, t!("settings.proxy_none")),
        (Way::Given, t!("settings.proxy_given")),
    ];
    let before = draft.way;
    let obstacle = around.obstacle(Lock::Proxy);
    choice(ui, &t!("settings.proxy"), &mut draft.way, &ways, obstacle.as_deref());
    let mut settled = before != draft.way;
    if draft.way == Way::Given {
        widgets::control_row(ui, "", |ui| settled |= address(ui, draft, obstacle.as_deref()));
    }
    if settled {
        match (draft.way, proxy_address(&draft.address)) {
            (Way::System, _) => new.proxy = ProxyChoice::System,
            (Way::None, _) => new.proxy = ProxyChoice::None,
            (Way::Given, Ok(address)) => {
                draft.address.clone_from(&address);
                new.proxy = ProxyChoice::Given(address);
            }
            // told beside the field; what was chosen before holds on
            (Way::Given, Err(_)) => {}
        }
    }
    let mut options = vec![(None, t!("settings.ca_of_key"))];
    options.extend(around.profiles.all().iter().map(|profile| {
        let name = if around.chinese { &profile.name.zh } else { &profile.name.en };
        (Some(profile.id.clone()), name.as_str().into())
    }));
    let obstacle = around.obstacle(Lock::Ca);
    choice(ui, &t!("settings.ca"), &mut new.ca, &options, obstacle.as_deref());
}

/// The field; true when it was left or Enter was pressed in it.
fn address(ui: &mut Ui, draft: &mut Draft, obstacle: Option<&str>) -> bool {
    let fault = proxy_address(&draft.address).err();
    let note = match fault {
        _ if obstacle.is_some() => obstacle.unwrap_or_default().into(),
        None => t!("settings.proxy_hint"),
        Some(AddressFault::Empty) => t!("settings.proxy_empty"),
        Some(AddressFault::Scheme) => t!("settings.proxy_scheme"),
        Some(AddressFault::Login) => t!("settings.proxy_login"),
        Some(AddressFault::Malformed) => t!("settings.proxy_malformed"),
    };
    let field = TextField {
        label: &t!("settings.proxy_address"),
        note: &note,
        wrong: fault.is_some() && !draft.address.is_empty(),
        enabled: obstacle.is_none(),
        limit: LONGEST,
    };
    field.show(ui, &mut draft.address).response.lost_focus()
}
