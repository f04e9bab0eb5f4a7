//! The icon in the tray, where the desktop has one (StatusNotifierItem on Linux, the notification area on Windows). On a
//! desktop without, the icon appears as soon as one comes; nothing asks for it in between.

use super::instance::Target;
use std::sync::Arc;

/// What the person does with the icon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// See this.
    Show(Target),
    /// End the program.
    Quit,
    /// The icon is shown now, or no longer.
    Shown(bool),
}

/// Words of the icon and its menu, in the language of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Name of the program.
    pub name: String,
    /// Show the window.
    pub open: String,
    /// 环境检测.
    pub check: String,
    /// End the program.
    pub quit: String,
}

/// A picture, 8 bits each of red, green, blue, alpha.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Four bytes a pixel.
    pub rgba: Vec<u8>,
}

/// Hears what the person does; called on a thread of the tray, or that of the window.
pub type Hear = Arc<dyn Fn(Wish) + Send + Sync>;

#[cfg(all(target_os = "linux", feature = "window"))]
pub use linux::Tray;

#[cfg(all(windows, feature = "window"))]
pub use windows::Tray;

#[cfg(not(all(any(target_os = "linux", windows), feature = "window")))]
pub use nowhere::Tray;

#[cfg(all(target_os = "linux", feature = "window"))]
mod linux {
    use super::{Hear, Picture, Target, Wish, Words};
    use ksni::blocking::{Handle, TrayMethods};
    use ksni::menu::{MenuItem, StandardItem};
    use std::sync::{Arc, Mutex, OnceLock, PoisonError};

    /// The icon. Dropping it takes it away.
    #[derive(Clone)]
    pub struct Tray {
        words: Arc<Mutex<Words>>,
        handle: Arc<OnceLock<Handle<Item>>>,
    }

    impl Tray {
        /// Shows the icon, on threads of its own; returns at once.
        #[must_use]
        pub fn start(words: Words, picture: &Picture, hear: Hear) -> Self {
            let tray = Self { words: Arc::new(Mutex::new(words)), handle: Arc::default() };
            let item = Item { words: Arc::clone(&tray.words), icon: icon(picture), hear };
            let handle = Arc::clone(&tray.handle);
            let started = std::thread::Builder::new().name("tray".to_owned()).spawn(move || {
                let hear = Arc::clone(&item.hear);
                // told first: a tray that goes away at once must be told after it
                hear(Wish::Shown(true));
                match item.assume_sni_available(true).spawn() {
                    Ok(running) => {
                        // there is one thread that sets it
                        let _set = handle.set(running);
                    }
                    Err(error) => {
                        tracing::info!(%error, "the desktop has no tray");
                        hear(Wish::Shown(false));
                    }
                }
            });
            if let Err(error) = started {
                tracing::warn!(%error, "no thread for the tray");
            }
            tray
        }

        /// Says it in other words from now on.
        pub fn say(&self, words: Words) {
            let mut now = self.words.lock().unwrap_or_else(PoisonError::into_inner);
            if *now == words {
                return;
            }
            *now = words;
            drop(now);
            let handle = Arc::clone(&self.handle);
            let told = std::thread::Builder::new().name("tray-words".to_owned()).spawn(move || {
                if let Some(handle) = handle.get() {
                    handle.update(|_| ());
                }
            });
            if let Err(error) = told {
                tracing::warn!(%error, "no thread for the words of the tray");
            }
        }
    }

    pub(super) struct Item {
        words: Arc<Mutex<Words>>,
        icon: ksni::Icon,
        hear: Hear,
    }

    impl Item {
        fn words(&self) -> Words {
            self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
        }
    }

    impl ksni::Tray for Item {
        fn id(&self) -> String {
            "cert-assistant".to_owned()
        }

        fn title(&self) -> String {
            self.words().name
        }

        fn tool_tip(&self) -> ksni::ToolTip {
            ksni::ToolTip { title: self.words().name, ..ksni::ToolTip::default() }
        }

        fn icon_pixmap(&self) -> Vec<ksni::Icon> {
            vec![self.icon.clone()]
        }

        fn activate(&mut self, _x: i32, _y: i32) {
            (self.hear)(Wish::Show(Target::Window));
        }

        fn menu(&self) -> Vec<MenuItem<Self>> {
            let Words { open, check, quit, .. } = self.words();
            let item = |label, wish: Wish| {
                let activate = Box::new(move |item: &mut Self| (item.hear)(wish.clone()));
                MenuItem::Standard(StandardItem { label, activate, ..StandardItem::default() })
            };
            vec![
                item(open, Wish::Show(Target::Window)),
                item(check, Wish::Show(Target::Check)),
                MenuItem::Separator,
                item(quit, Wish::Quit),
            ]
        }

        fn watcher_online(&self) {
            (self.hear)(Wish::Shown(true));
        }

        fn watcher_offline(&self, _: ksni::OfflineReason) -> bool {
            (self.hear)(Wish::Shown(false));
            true
        }
    }

    /// The bus wants alpha first.
    pub(super) fn icon(picture: &Picture) -> ksni::Icon {
        let mut data = picture.rgba.clone();
        data.chunks_exact_mut(4).for_each(|pixel| pixel.rotate_right(1));
        let pixels = |count: u32| i32::try_from(count).unwrap_or(0);
        ksni::Icon { width: pixels(picture.width), height: pixels(picture.height), data }
    }

    #[cfg(test)]
    mod tests {
        use super::{Picture, icon};

        #[test]
        fn a_picture_is_handed_over_with_alpha_first() {
            let icon = icon(&Picture { width: 2, height: 1, rgba: vec![1, 2, 3, 4, 5, 6, 7, 8] });
            assert_eq!((icon.width, icon.height, icon.data), (2, 1, vec![4, 1, 2, 3, 8, 5, 6, 7]));
        }
    }
}

#[cfg(all(windows, feature = "window"))]
mod windows {
    use super::{Hear, Picture, Target, Wish, Words};
    use std::cell::RefCell;
    use std::rc::Rc;
    use tray_icon::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem};
    use tray_icon::{Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};

    /// The icon. Dropping it takes it away. It belongs to the thread of the window, whose loop serves it.
    #[derive(Clone)]
    pub struct Tray(Option<Rc<Shown>>);

    struct Shown {
        icon: TrayIcon,
        /// Beside the line between them.
        items: [MenuItem; 3],
        words: RefCell<Words>,
    }

    /// Names of the items.
    const OPEN: &str = "open";
    const CHECK: &str = "check";
    const QUIT: &str = "quit";

    impl Tray {
        /// Shows the icon.
        #[must_use]
        pub fn start(words: Words, picture: &Picture, hear: Hear) -> Self {
            match show(&words, picture) {
                Ok((icon, items)) => {
                    listen(&hear);
                    hear(Wish::Shown(true));
                    Self(Some(Rc::new(Shown { icon, items, words: RefCell::new(words) })))
                }
                Err(error) => {
                    tracing::info!(%error, "the desktop has no tray");
                    hear(Wish::Shown(false));
                    Self(None)
                }
            }
        }

        /// Says it in other words from now on.
        pub fn say(&self, words: Words) {
            let Some(shown) = &self.0 else { return };
            if *shown.words.borrow() == words {
                return;
            }
            for (item, text) in shown.items.iter().zip([&words.open, &words.check, &words.quit]) {
                item.set_text(text);
            }
            if let Err(error) = shown.icon.set_tooltip(Some(&words.name)) {
                tracing::info!(%error, "the icon keeps its words");
            }
            shown.words.replace(words);
        }
    }

    type Failed = Box<dyn std::error::Error>;

    fn show(words: &Words, picture: &Picture) -> Result<(TrayIcon, [MenuItem; 3]), Failed> {
        let item = |name: &str, text: &str| MenuItem::with_id(name, text, true, None);
        let items = [item(OPEN, &words.open), item(CHECK, &words.check), item(QUIT, &words.quit)];
        let [open, check, quit] = &items;
        let menu = Menu::with_items(&[open, check, &PredefinedMenuItem::separator(), quit])?;
        let icon = Icon::from_rgba(picture.rgba.clone(), picture.width, picture.height)?;
        let builder = TrayIconBuilder::new().with_menu(Box::new(menu)).with_menu_on_left_click(false);
        Ok((builder.with_icon(icon).with_tooltip(&words.name).build()?, items))
    }

    fn listen(hear: &Hear) {
        let clicked = Hear::clone(hear);
        TrayIconEvent::set_event_handler(Some(move |event| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                clicked(Wish::Show(Target::Window));
            }
        }));
        let chosen = Hear::clone(hear);
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            chosen(match event.id.0.as_str() {
                CHECK => Wish::Show(Target::Check),
                QUIT => Wish::Quit,
                _ => Wish::Show(Target::Window),
            });
        }));
    }
}

#[cfg(not(all(any(target_os = "linux", windows), feature = "window")))]
mod nowhere {
    use super::{Hear, Picture, Wish, Words};

    /// No icon.
    #[derive(Clone)]
    pub struct Tray;

    impl Tray {
        /// Shows nothing.
        #[must_use]
        #[allow(clippy::needless_pass_by_value)] // the same form as where there is a tray
        pub fn start(_: Words, _: &Picture, hear: Hear) -> Self {
            hear(Wish::Shown(false));
            Self
        }

        /// Says nothing.
        pub fn say(&self, _: Words) {}
    }
}
