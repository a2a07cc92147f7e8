//! girder-tests
