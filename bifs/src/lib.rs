//! girder-bifs
