//! girder-loader
