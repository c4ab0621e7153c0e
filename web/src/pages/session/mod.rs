//! Pages of sessions and end users: the lists, and the page of a single one. Both differ only in labels and sort order.

mod detail;
mod list;
mod totals;
mod trace_item;
mod turn;

pub use detail::SessionPage;
pub use list::SessionListPage;
pub use totals::totals;
pub use trace_item::trace_item;

pub use crate::api::SessionKind;
use crate::route::Route;

impl SessionKind {
    /// Returns the page of the session or end user with this id.
    fn route(self, id: &str) -> Route {
        match self {
            Self::Session => Route::Session { id: id.to_owned() },
            Self::EndUser => Route::User { id: id.to_owned() },
        }
    }

    /// Returns the page of the list.
    fn list_route(self) -> Route {
        match self {
            Self::Session => Route::Sessions,
            Self::EndUser => Route::Users,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Session => "Session",
            Self::EndUser => "End user",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Session => "Sessions",
            Self::EndUser => "End users",
        }
    }
}
