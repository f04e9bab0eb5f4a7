//! All design tokens: colours of both themes, spaces, radii, text sizes, fonts. No page holds a literal of these.

use eframe::egui::epaint::text::{FallbackRequest, FontInsert, FontProvider};
use eframe::egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, Style,
    TextStyle, Theme, Vec2, Visuals, style::Selection, style::WidgetVisuals,
};
use egui_system_font_provider::SystemFontProvider;
use std::sync::{Arc, OnceLock};

/// Spaces, in points.
pub mod space {
    /// 4
    pub const XS: f32 = 4.0;
    /// 8
    pub const S: f32 = 8.0;
    /// 12
    pub const M: f32 = 12.0;
    /// 16
    pub const L: f32 = 16.0;
    /// 24
    pub const XL: f32 = 24.0;
    /// 32
    pub const XXL: f32 = 32.0;
}

/// Text sizes, in points.
pub mod size {
    /// Captions and hints.
    pub const CAPTION: f32 = 13.0;
    /// Running text.
    pub const BODY: f32 = 15.0;
    /// Headings.
    pub const SECTION: f32 = 18.0;
    /// Owner of a certificate.
    pub const OWNER: f32 = 24.0;
}

/// Height of buttons and fields.
pub const CONTROL_HEIGHT: f32 = 36.0;
/// Narrowest button: a finger's width.
pub const CONTROL_MIN_WIDTH: f32 = 64.0;
/// Corner radius of cards.
pub const RADIUS_CARD: u8 = 10;
/// Corner radius of controls.
pub const RADIUS_CONTROL: u8 = 8;
/// Width of the list of keys.
pub const SIDEBAR_WIDTH: f32 = 212.0;
/// Width of the column of field names.
pub const LABEL_WIDTH: f32 = 124.0;
/// From this width on two lists of facts stand beside each other.
pub const TWO_LISTS_FROM: f32 = 820.0;
/// Width of dialogs.
pub const DIALOG_WIDTH: f32 = 420.0;
/// Width of dialogs with something to read in them.
pub const READING_WIDTH: f32 = 600.0;
/// Height of what is read in a dialog.
pub const READING_HEIGHT: f32 = 220.0;
/// Width of the list of steps of a wizard, and of the whole page from which on it stands at the left.
pub const STEPS_WIDTH: f32 = 196.0;
/// See [`STEPS_WIDTH`].
pub const STEPS_BESIDE_FROM: f32 = 560.0;
/// Side of a QR code.
pub const QR_SIDE: f32 = 176.0;
/// Height of the picture with characters.
pub const CAPTCHA_HEIGHT: f32 = 56.0;
/// A QR code is dark on light in both themes: scanners need it so.
pub const QR_COLORS: [Color32; 2] = [Color32::BLACK, Color32::WHITE];
/// Window at start and its smallest size.
pub const WINDOW: [Vec2; 2] = [Vec2::new(960.0, 640.0), Vec2::new(720.0, 480.0)];

/// Colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind everything.
    pub ground: Color32,
    /// Cards and bars.
    pub surface: Color32,
    /// Borders.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Quieter text.
    pub text2: Color32,
    /// The one blue.
    pub primary: Color32,
    /// Text on it.
    pub on_primary: Color32,
    /// Chosen row.
    pub primary_soft: Color32,
    /// Good.
    pub ok: Color32,
    /// Ground of a good state.
    pub ok_soft: Color32,
    /// Attention, for shapes.
    pub warn: Color32,
    /// Attention, for text: darker in the light theme, where `warn` has too little contrast.
    pub warn_text: Color32,
    /// Ground of attention.
    pub warn_soft: Color32,
    /// Bad.
    pub danger: Color32,
    /// Ground of a bad state.
    pub danger_soft: Color32,
    /// Under dialogs.
    pub shade: Color32,
}

const LIGHT: Palette = Palette {
    ground: rgb(0xF4F6F9),
    surface: rgb(0xFFFFFF),
    line: rgb(0xE2E7EE),
    text: rgb(0x18202B),
    text2: rgb(0x586474),
    primary: rgb(0x1A56DB),
    on_primary: rgb(0xFFFFFF),
    primary_soft: rgb(0xE8EFFD),
    ok: rgb(0x0B7A53),
    ok_soft: rgb(0xE3F4ED),
    warn: rgb(0xB7791F),
    warn_text: rgb(0x8A560F),
    warn_soft: rgb(0xFAF1DF),
    danger: rgb(0xC53030),
    danger_soft: rgb(0xFCEBEB),
    shade: Color32::from_black_alpha(110),
};

const DARK: Palette = Palette {
    ground: rgb(0x12161C),
    surface: rgb(0x1A2029),
    line: rgb(0x2B3440),
    text: rgb(0xE6EAF0),
    text2: rgb(0x9AA7B5),
    primary: rgb(0x6EA0FF),
    on_primary: rgb(0x10182A),
    primary_soft: rgb(0x1F2C47),
    ok: rgb(0x4CC38A),
    ok_soft: rgb(0x16302A),
    warn: rgb(0xE2B04A),
    warn_text: rgb(0xE2B04A),
    warn_soft: rgb(0x352B17),
    danger: rgb(0xFF6B6B),
    danger_soft: rgb(0x3A1E22),
    shade: Color32::from_black_alpha(150),
};

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

/// The colours of the theme in use.
#[must_use]
pub fn palette(ctx: &Context) -> &'static Palette {
    of(ctx.theme())
}

const fn of(theme: Theme) -> &'static Palette {
    match theme {
        Theme::Light => &LIGHT,
        Theme::Dark => &DARK,
    }
}

/// The family of headings and owners.
#[must_use]
pub fn bold() -> FontFamily {
    FontFamily::Name("bold".into())
}

/// Regular text of a size.
#[must_use]
pub const fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Bold text of a size.
#[must_use]
pub fn bold_font(size: f32) -> FontId {
    FontId::new(size, bold())
}

/// Sets fonts and both styles; once per window.
pub fn install(ctx: &Context) {
    let mut fonts = FontDefinitions::empty();
    let regular = FontData::from_static(include_bytes!("../../assets/fonts/NotoSansSC-GB2312.otf"));
    let heavy = FontData::from_static(include_bytes!("../../assets/fonts/NotoSansSC-Bold-GB2312.otf"));
    fonts.font_data.insert("regular".to_owned(), Arc::new(regular));
    fonts.font_data.insert("bold".to_owned(), Arc::new(heavy));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec!["regular".to_owned()]);
    }
    fonts.families.insert(bold(), vec!["bold".to_owned(), "regular".to_owned()]);
    ctx.set_fonts(fonts);
    ctx.add_font_provider(Arc::new(RareCharacters(OnceLock::new())));
    // where the system has no preference
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    for theme in [Theme::Light, Theme::Dark] {
        ctx.set_style_of(theme, style(theme));
    }
}

/// Characters outside the bundled fonts (rare ones in names) come from the system, looked for only when one appears.
struct RareCharacters(OnceLock<SystemFontProvider>);

impl FontProvider for RareCharacters {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        // the locale is fixed: on other locales the Han characters would come from a Japanese font
        let system = self.0.get_or_init(|| SystemFontProvider::new().with_locale(Some("zh-Hans")));
        system.font_for(request)
    }
}

fn style(theme: Theme) -> Style {
    let p = of(theme);
    let mut visuals = if theme == Theme::Light { Visuals::light() } else { Visuals::dark() };
    let control = |fill: Color32, stroke: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, stroke),
        corner_radius: CornerRadius::same(RADIUS_CONTROL),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = control(p.surface, p.line, p.text);
    visuals.widgets.inactive = control(p.surface, p.line, p.text);
    visuals.widgets.hovered = control(p.primary_soft, p.primary, p.text);
    visuals.widgets.active = control(p.primary_soft, p.primary, p.text);
    visuals.widgets.open = control(p.primary_soft, p.primary, p.text);
    visuals.selection = Selection { bg_fill: p.primary_soft, stroke: Stroke::new(1.0, p.primary) };
    visuals.override_text_color = Some(p.text);
    visuals.weak_text_color = Some(p.text2);
    visuals.hyperlink_color = p.primary;
    visuals.panel_fill = p.ground;
    visuals.window_fill = p.surface;
    visuals.extreme_bg_color = p.surface;
    visuals.window_stroke = Stroke::new(1.0, p.line);
    visuals.window_corner_radius = CornerRadius::same(RADIUS_CARD);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS_CONTROL);
    visuals.window_shadow = Shadow { offset: [0, 4], blur: 24, spread: 0, color: Color32::from_black_alpha(60) };
    visuals.popup_shadow = Shadow { offset: [0, 2], blur: 12, spread: 0, color: Color32::from_black_alpha(40) };

    let mut style = Style { visuals, ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, font(size::CAPTION)),
        (TextStyle::Body, font(size::BODY)),
        (TextStyle::Button, font(size::BODY)),
        (TextStyle::Monospace, font(size::BODY)),
        (TextStyle::Heading, bold_font(size::SECTION)),
    ]
    .into();
    style.spacing.item_spacing = Vec2::new(space::S, space::S);
    // with it a button is as high as a field
    style.spacing.button_padding = Vec2::new(space::L, space::XS);
    // lines of text; buttons and fields bring their own height
    style.spacing.interact_size = Vec2::new(CONTROL_MIN_WIDTH, size::BODY + space::S);
    style.spacing.window_margin = Margin::same(24);
    // a blinking cursor would keep an idle window painting
    style.visuals.text_cursor.blink = false;
    style.animation_time = 0.1;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;
    style
}

#[cfg(test)]
mod tests {
    use super::{DARK, LIGHT};
    use eframe::egui::Color32;

    fn luminance(color: Color32) -> f64 {
        let [r, g, b, _] = color.to_array().map(|channel| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_colour_has_a_contrast_of_at_least_4_5_on_its_grounds() {
        for (name, p) in [("light", LIGHT), ("dark", DARK)] {
            let pairs = [
                ("text", p.text, vec![p.ground, p.surface, p.primary_soft]),
                ("text2", p.text2, vec![p.ground, p.surface, p.primary_soft, p.danger_soft]),
                ("primary", p.primary, vec![p.ground, p.surface]),
                ("on_primary", p.on_primary, vec![p.primary]),
                ("ok", p.ok, vec![p.surface, p.ok_soft, p.ground, p.primary_soft]),
                ("warn_text", p.warn_text, vec![p.surface, p.warn_soft, p.primary_soft]),
                ("danger", p.danger, vec![p.surface, p.danger_soft, p.primary_soft]),
            ];
            for (what, color, grounds) in pairs {
                for ground in grounds {
                    let ratio = contrast(color, ground);
                    assert!(ratio >= 4.5, "{name}: {what} on {ground:?} has {ratio:.2}");
                }
            }
        }
    }
}
