//! Sessions and users: the lists of them, and the page of one. The two differ in words and in order only.

mod list;
mod page;
mod run;
mod totals;
mod turn;

pub use list::ThreadsPage;
pub use page::ThreadPage;
pub use run::run;
pub use totals::totals;

pub use crate::api::ThreadKind;
use crate::route::Route;

impl ThreadKind {
    /// The page of the one with this id.
    fn route(self, id: &str) -> Route {
        match self {
            Self::Session => Route::Session { id: id.to_owned() },
            Self::User => Route::User { id: id.to_owned() },
        }
    }

    /// The page of all of them.
    fn list_route(self) -> Route {
        match self {
            Self::Session => Route::Sessions,
            Self::User => Route::Users,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Session => "Session",
            Self::User => "User",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Session => "Sessions",
            Self::User => "Users",
        }
    }
}
