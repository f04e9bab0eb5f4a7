//! 支付: the QR code, painted from its modules, and the way through the browser.

use super::frame::sentence;
use super::waiting::Offer;
use super::{Scene, Wizard};
use crate::app::policy::may_open;
use crate::app::{RenewalAsk, Waiting};
use crate::ui::action::Action;
use crate::ui::theme::{self, QR_COLORS, QR_SIDE, size};
use crate::ui::widgets;
use crate::ui::words;
use eframe::egui::accesskit::Role;
use eframe::egui::{Mesh, Rect, RichText, Sense, Shape, Ui, Vec2, WidgetInfo, vec2};
use order_api::{Payment, PaymentState};
use qrcode::{Color, QrCode};
use rust_i18n::t;

/// Light border a scanner needs, modules (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// The QR code of an address, encoded once.
#[derive(Default)]
pub struct PaymentView {
    code: Option<(String, Option<QrCode>)>,
}

impl PaymentView {
    fn code(&mut self, url: &str) -> Option<&QrCode> {
        if self.code.as_ref().is_none_or(|(of, _)| of != url) {
            self.code = Some((url.to_owned(), QrCode::new(url).ok()));
        }
        self.code.as_ref().and_then(|(_, code)| code.as_ref())
    }
}

impl Wizard {
    /// Shows what is to be paid and how; returns the main button of it.
    pub(super) fn pay(&mut self, ui: &mut Ui, scene: &Scene<'_>, waiting: &Waiting) -> Option<Offer> {
        let due = waiting.payment.as_ref().map_or(waiting.order.fee_fen, |payment| payment.amount_fen);
        widgets::row(ui, &t!("renew.amount"), |ui| {
            ui.label(RichText::new(words::money(due)).font(theme::bold_font(size::SECTION)));
        });
        let current = waiting.payment.as_ref().filter(|payment| payment.expires > scene.around.now);
        match current {
            Some(Payment { state: PaymentState::Paid, .. }) => {
                sentence(ui, &t!("renew.paid"));
                None
            }
            Some(payment) => self.qr(ui, payment),
            None => {
                let over = waiting.payment.is_some();
                if over {
                    sentence(ui, &t!("renew.payment_over"));
                }
                let text = if over { t!("renew.pay_again") } else { t!("renew.pay") };
                Some(Offer { text, obstacle: scene.busy(), action: scene.ask(RenewalAsk::Pay) })
            }
        }
    }

    fn qr(&mut self, ui: &mut Ui, payment: &Payment) -> Option<Offer> {
        let opens = may_open(&payment.url);
        ui.horizontal_wrapped(|ui| {
            if let Some(code) = self.payment.code(&payment.url) {
                paint(ui, code);
            }
            ui.vertical(|ui| {
                sentence(ui, &t!("renew.scan", provider = payment.provider));
                widgets::caption(ui, &t!("renew.pay_until", when = words::moment(payment.expires)));
                if !opens {
                    widgets::caption(ui, &t!("renew.unsafe_address"));
                }
            });
        });
        let action = Action::Browse(payment.url.clone());
        opens.then(|| Offer { text: t!("renew.pay_in_browser"), obstacle: None, action })
    }
}

/// Paints the modules as one mesh of whole pixels: no seams between them, no smoothing.
fn paint(ui: &mut Ui, code: &QrCode) {
    let [dark, light] = QR_COLORS;
    let across = code.width() + 2 * QUIET;
    let scale = ui.ctx().pixels_per_point();
    let module = (QR_SIDE * scale / across as f32).floor().max(1.0) / scale;
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(module * across as f32), Sense::hover());
    let snap = |at: f32| (at * scale).round() / scale;
    let corner = vec2(snap(rect.left()), snap(rect.top())).to_pos2();
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(Rect::from_min_size(corner, rect.size()), light);
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % code.width() + QUIET, index / code.width() + QUIET);
            let at = corner + vec2(x as f32, y as f32) * module;
            mesh.add_colored_rect(Rect::from_min_size(at, Vec2::splat(module)), dark);
        }
    }
    ui.painter().add(Shape::mesh(mesh));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, t!("renew.qr")));
}
