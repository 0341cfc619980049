// Where this subpackage has its models: to require this file is to have the subpackage on the phone.
module.exports = { MESH: '/packages/mesh/models/face_mesh.br', SHORT: '/packages/mesh/models/face_short_range.br' };
