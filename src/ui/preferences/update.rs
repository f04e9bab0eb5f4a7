//! 更新, 高级: another feed than that of the CA.

use super::PageContext;
use crate::app::policy::{feed_address, feed_key};
use crate::app::{Lock, Settings, UpdateFeed};
use crate::ui::text_field::TextField;
use crate::ui::widgets;
use eframe::egui::Ui;
use rust_i18n::t;

const LONGEST: usize = 300;

/// What stands in the fields.
#[derive(Default)]
pub struct Draft {
    address: String,
    key: String,
}

impl Draft {
    /// As the settings are.
    #[must_use]
    pub fn of(feed: Option<&UpdateFeed>) -> Self {
        feed.map_or_else(Self::default, |feed| Self { address: feed.address.clone(), key: feed.key.clone() })
    }
}

/// Shows the group.
pub fn show(ui: &mut Ui, draft: &mut Draft, new: &mut Settings, around: &PageContext<'_>) {
    let obstacle = around.obstacle(Lock::UpdateFeed);
    widgets::caption(ui, &t!("settings.feed_text"));
    let empty = draft.address.trim().is_empty() && draft.key.trim().is_empty();
    let (good_address, key) = (feed_address(&draft.address), feed_key(&draft.key));
    let note = |good: bool, text: &str, missing, wrong| match (empty || good, text.trim().is_empty()) {
        (true, _) => "".into(),
        (false, true) => missing,
        (false, false) => wrong,
    };
    let mut notes = [
        note(good_address, &draft.address, t!("settings.feed_address_missing"), t!("settings.feed_address_wrong")),
        note(key.is_some(), &draft.key, t!("settings.feed_key_missing"), t!("settings.feed_key_wrong")),
    ];
    if let Some(reason) = &obstacle {
        notes.fill(reason.clone());
    }
    let (enabled, mut settled) = (obstacle.is_none(), false);
    let [address_note, key_note] = &notes;
    let fields = [
        (t!("settings.feed_address"), address_note, &mut draft.address),
        (t!("settings.feed_key"), key_note, &mut draft.key),
    ];
    for (label, note, text) in fields {
        let field = TextField { label: &label, note, wrong: enabled && !note.is_empty(), enabled, limit: LONGEST };
        settled |= field.show(ui, text).response.lost_focus();
    }
    if settled {
        match (empty, good_address, key) {
            (true, ..) => new.update_feed = None,
            (false, true, Some(key)) => {
                let address = draft.address.trim().to_owned();
                new.update_feed = Some(UpdateFeed { address, key });
            }
            // told beside the fields
            _ => {}
        }
    }
}
