//! The entry point of the application.

fn main() {
    web::run();
}
