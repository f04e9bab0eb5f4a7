//! Where controls stand: none over another, none cut off at the side, the buttons of the foot always whole. Judged of every
//! state by the galleries; here what needs a size or a change of it.

use crate::screen::{Control, Screen};
use eframe::egui::{LayerId, Rect};

/// A control where it can be seen and pressed.
struct Seen {
    layer: LayerId,
    control: Control,
    /// All of it.
    rect: Rect,
    /// What of it is not scrolled out of sight.
    shown: Rect,
}

fn seen(screen: &Screen) -> Vec<Seen> {
    let mut controls = screen.controls_by_id();
    let mut seen = Vec::new();
    screen.ctx.viewport(|viewport| {
        for (layer, widgets) in viewport.prev_pass.widgets.layers() {
            for widget in widgets {
                let Some(control) = controls.remove(&widget.id.value()) else { continue };
                seen.push(Seen { layer: *layer, control, rect: widget.rect, shown: widget.interact_rect });
            }
        }
    });
    let lost: Vec<_> = controls.values().map(|control| &control.name).collect();
    assert!(lost.is_empty(), "{lost:?} is read out and stands nowhere");
    seen
}

/// Fails when a control covers another, leaves the window at a side, or is a button of the foot that is not whole.
#[track_caller]
pub fn judge(screen: &Screen, what: &str) {
    let window = screen.ctx.content_rect();
    let seen = seen(screen);
    for one in &seen {
        let name = &one.control.name;
        let inside = one.rect.left() >= window.left() && one.rect.right() <= window.right();
        assert!(inside, "{what}: {name:?} leaves the window: {:?}", one.rect);
        if one.shown.is_positive() {
            let cut = one.shown.width() < one.rect.width() - 1.0;
            assert!(!cut, "{what}: {name:?} is cut off at a side: {:?} of {:?}", one.shown, one.rect);
        }
        if one.control.in_foot {
            let whole = one.shown.expand(0.5).contains_rect(one.rect) && window.contains_rect(one.rect);
            assert!(whole, "{what}: of {name:?} in the foot {:?} is shown, of {:?}", one.shown, one.rect);
        }
    }
    for (at, one) in seen.iter().enumerate() {
        for other in seen.iter().skip(at + 1).filter(|other| other.layer == one.layer) {
            let common = one.shown.intersect(other.shown);
            let apart = !common.is_positive() || common.width().min(common.height()) < 1.0;
            let names = (&one.control.name, &other.control.name);
            assert!(apart, "{what}: {names:?} cover each other: {:?}, {:?}", one.shown, other.shown);
        }
    }
}

/// Names of the buttons in the foot, those that can't be pressed too.
pub fn foot(screen: &Screen) -> Vec<String> {
    seen(screen).into_iter().filter(|one| one.control.in_foot).map(|one| one.control.name).collect()
}
